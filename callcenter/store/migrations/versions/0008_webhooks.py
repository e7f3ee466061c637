"""Webhooks and what is delivered to them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "admin_hook",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("old_secret", sa.String(), nullable=False),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_hook")),
    )
    op.create_table(
        "admin_delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hook_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["admin_hook.id"], name=op.f("fk_admin_delivery_hook_id_admin_hook"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_admin_delivery_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_delivery")),
        sa.UniqueConstraint("hook_id", "call_id", name=op.f("uq_admin_delivery_hook_id_call_id")),
    )
    op.create_index(op.f("ix_admin_delivery_call_id"), "admin_delivery", ["call_id"])
    op.create_index(op.f("ix_admin_delivery_state_due_at"), "admin_delivery", ["state", "due_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_admin_delivery_state_due_at"), "admin_delivery")
    op.drop_index(op.f("ix_admin_delivery_call_id"), "admin_delivery")
    op.drop_table("admin_delivery")
    op.drop_table("admin_hook")
