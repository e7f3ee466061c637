"""Calls, their legs, journals and transcripts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("carrier_call", sa.String(), nullable=True),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("called", sa.String(), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("ended_reason", sa.String(), nullable=False),
        sa.Column("assigned", sa.String(), nullable=False),
        sa.Column("served", sa.String(), nullable=False),
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("flow_version", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("amd", sa.String(), nullable=False),
        sa.Column("legs", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("carrier", "carrier_call", name=op.f("uq_call_carrier_carrier_call")),
    )
    op.create_index(op.f("ix_call_called_rung_at"), "call", ["called", "rung_at"])
    op.create_index(op.f("ix_call_caller_rung_at"), "call", ["caller", "rung_at"])
    op.create_index(op.f("ix_call_outcome_rung_at"), "call", ["outcome", "rung_at"])
    op.create_index(op.f("ix_call_rung_at_id"), "call", ["rung_at", "id"])
    op.create_index(op.f("ix_call_state_rung_at"), "call", ["state", "rung_at"])

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_call_id_delivered_at"), "message", ["call_id", "delivered_at"])

    op.create_table(
        "nonce",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_nonce")),
    )
    op.create_index(op.f("ix_nonce_expires"), "nonce", ["expires"])

    op.create_table(
        "chunk",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_chunk_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "writer", "first", name=op.f("pk_chunk")),
    )
    op.create_table(
        "leg",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("recording", sa.String(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_leg_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "writer", name=op.f("pk_leg")),
    )
    op.create_table(
        "tag",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_tag_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "tag", name=op.f("pk_tag")),
    )
    op.create_index(op.f("ix_tag_tag"), "tag", ["tag"])

    op.create_table(
        "utterance",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("unheard", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_utterance_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "writer", "n", "k", name=op.f("pk_utterance")),
    )


def downgrade() -> None:
    op.drop_table("utterance")
    op.drop_index(op.f("ix_tag_tag"), "tag")

    op.drop_table("tag")
    op.drop_table("leg")
    op.drop_table("chunk")
    op.drop_index(op.f("ix_nonce_expires"), "nonce")

    op.drop_table("nonce")
    op.drop_index(op.f("ix_message_call_id_delivered_at"), "message")

    op.drop_table("message")
    op.drop_index(op.f("ix_call_state_rung_at"), "call")
    op.drop_index(op.f("ix_call_rung_at_id"), "call")
    op.drop_index(op.f("ix_call_outcome_rung_at"), "call")
    op.drop_index(op.f("ix_call_caller_rung_at"), "call")
    op.drop_index(op.f("ix_call_called_rung_at"), "call")

    op.drop_table("call")
