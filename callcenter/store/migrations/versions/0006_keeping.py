"""What is kept of calls and for how long, and what was taken out of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keeping",
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("redact", sa.String(), nullable=False),
        sa.Column("audio_days", sa.Integer(), nullable=False),
        sa.Column("transcript_days", sa.Integer(), nullable=False),
        sa.Column("journal_days", sa.Integer(), nullable=False),
        sa.Column("call_days", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("flow", name=op.f("pk_keeping")),
    )
    op.create_table(
        "treated",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("audio_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transcript_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("journal_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_treated_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_treated")),
    )
    op.create_table(
        "forgotten",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_at"), "forgotten", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_forgotten_at"), "forgotten")
    op.drop_table("forgotten")
    op.drop_table("treated")
    op.drop_table("keeping")
