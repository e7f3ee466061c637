"""The admin site: users, reviews, flow versions, and what calls are searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE words_index USING fts5(text, content='words', content_rowid='n', tokenize='unicode61')",
        "CREATE TRIGGER words_added AFTER INSERT ON words BEGIN "
        "INSERT INTO words_index(rowid, text) VALUES (new.n, new.text); END",
        "CREATE TRIGGER words_removed AFTER DELETE ON words BEGIN "
        "INSERT INTO words_index(words_index, rowid, text) VALUES ('delete', old.n, old.text); END",
        "CREATE TRIGGER words_changed AFTER UPDATE ON words BEGIN "
        "INSERT INTO words_index(words_index, rowid, text) VALUES ('delete', old.n, old.text); "
        "INSERT INTO words_index(rowid, text) VALUES (new.n, new.text); END",
    ),
    "postgresql": (
        "ALTER TABLE words ADD COLUMN words_index_vector tsvector "
        "GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED",
        "CREATE INDEX words_index_gin ON words USING gin (words_index_vector) WITH (fastupdate = off)",
    ),
}
"""What each database searches a call's words with."""


def upgrade() -> None:
    op.create_table(
        "admin_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_attempt")),
    )
    op.create_index(op.f("ix_admin_attempt_whose_at"), "admin_attempt", ["whose", "at"])

    op.create_table(
        "admin_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_audit")),
    )
    op.create_index(op.f("ix_admin_audit_about"), "admin_audit", ["about"])
    op.create_index(op.f("ix_admin_audit_at"), "admin_audit", ["at"])

    op.create_table(
        "admin_user",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_admin_user")),
    )
    op.create_index(op.f("ix_admin_user_subject"), "admin_user", ["subject"])

    op.create_table(
        "flow_draft",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_flow_draft")),
    )
    op.create_table(
        "admin_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_admin_comment_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_comment")),
    )
    op.create_index(op.f("ix_admin_comment_call_id"), "admin_comment", ["call_id"])

    op.create_table(
        "admin_share",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audio", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_admin_share_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_admin_share")),
    )
    op.create_index(op.f("ix_admin_share_call_id"), "admin_share", ["call_id"])

    op.create_table(
        "admin_sign_in",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["admin_user.name"], name=op.f("fk_admin_sign_in_name_admin_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_admin_sign_in")),
    )
    op.create_index(op.f("ix_admin_sign_in_name"), "admin_sign_in", ["name"])

    op.create_table(
        "admin_verdict",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_admin_verdict_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_admin_verdict")),
    )
    op.create_index(op.f("ix_admin_verdict_reviewer"), "admin_verdict", ["reviewer"])

    op.create_table(
        "admin_view",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["admin_user.name"], name=op.f("fk_admin_view_name_admin_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "title", name=op.f("pk_admin_view")),
    )
    op.create_table(
        "flow_publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["flow_draft.name"], name=op.f("fk_flow_publication_name_flow_draft"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_publication")),
    )
    op.create_index(op.f("ix_flow_publication_name"), "flow_publication", ["name"])

    op.create_table(
        "flow_version",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["flow_draft.name"], name=op.f("fk_flow_version_name_flow_draft"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "number", name=op.f("pk_flow_version")),
    )
    op.create_index(op.f("ix_flow_version_hash"), "flow_version", ["hash"])

    op.create_table(
        "examined",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("slowest_ms", sa.Integer(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("yielded", sa.Integer(), nullable=False),
        sa.Column("broken_into", sa.Integer(), nullable=False),
        sa.Column("overlaps", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Integer(), nullable=False),
        sa.Column("tools", sa.Integer(), nullable=False),
        sa.Column("tool_errors", sa.Integer(), nullable=False),
        sa.Column("agent_share", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_examined_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_examined")),
    )
    op.create_index(op.f("ix_examined_rung_at_call_id"), "examined", ["rung_at", "call_id"])

    op.create_table(
        "words",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_words_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_words")),
        sa.UniqueConstraint("call_id", name=op.f("uq_words_call_id")),
    )

    for statement in SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE words_index")
    op.drop_table("words")
    op.drop_index(op.f("ix_examined_rung_at_call_id"), "examined")

    op.drop_table("examined")
    op.drop_index(op.f("ix_flow_version_hash"), "flow_version")

    op.drop_table("flow_version")
    op.drop_index(op.f("ix_flow_publication_name"), "flow_publication")

    op.drop_table("flow_publication")
    op.drop_table("admin_view")
    op.drop_index(op.f("ix_admin_verdict_reviewer"), "admin_verdict")

    op.drop_table("admin_verdict")
    op.drop_index(op.f("ix_admin_sign_in_name"), "admin_sign_in")

    op.drop_table("admin_sign_in")
    op.drop_index(op.f("ix_admin_share_call_id"), "admin_share")

    op.drop_table("admin_share")

    op.drop_index(op.f("ix_admin_comment_call_id"), "admin_comment")

    op.drop_table("admin_comment")
    op.drop_table("flow_draft")
    op.drop_index(op.f("ix_admin_user_subject"), "admin_user")

    op.drop_table("admin_user")
    op.drop_index(op.f("ix_admin_audit_at"), "admin_audit")
    op.drop_index(op.f("ix_admin_audit_about"), "admin_audit")

    op.drop_table("admin_audit")
    op.drop_index(op.f("ix_admin_attempt_whose_at"), "admin_attempt")

    op.drop_table("admin_attempt")
