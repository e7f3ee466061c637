"""Experiments, what was measured in calls, and which experiment a call belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "experiment",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fixed", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("gate", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decision", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_experiment")),
    )
    op.create_index(op.f("ix_experiment_state"), "experiment", ["state"])
    op.create_table(
        "measured",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("latencies", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_measured_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_measured")),
    )
    op.add_column("call", sa.Column("experiment", sa.String(), nullable=False, server_default=""))
    op.create_index(op.f("ix_call_experiment_rung_at"), "call", ["experiment", "rung_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_call_experiment_rung_at"), "call")
    op.drop_column("call", "experiment")  # not in a batch: that would drop the table, and what hangs on its calls
    op.drop_table("measured")
    op.drop_index(op.f("ix_experiment_state"), "experiment")
    op.drop_table("experiment")
