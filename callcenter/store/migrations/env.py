"""What alembic runs. The connection is handed in by `callcenter.store.migrations`, whose transaction holds it all."""

from typing import Any, Literal

from alembic import context

from callcenter.store.migrations import metadata, ours


def plain(kind: str, thing: Any, _: object) -> str | Literal[False]:
    """Revisions name plain SQLAlchemy types, so that they stay right when the code's types move."""
    if kind == "type" and type(thing).__name__ == "Instant":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(thing).__name__ == "AutoString":
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    render_item=plain,
    compare_type=True,
    include_object=ours,
)
with context.begin_transaction():
    context.run_migrations()
