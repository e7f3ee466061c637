"""`callcenter db`: the tables, and the demo's customers."""

from pathlib import Path

import typer

from callcenter.terminal import Refusal, console, settings

app = typer.Typer(no_args_is_help=True, help="The database's tables.")


@app.command("upgrade")
def db_upgrade() -> None:
    """Bring the database's tables up to date."""
    from callcenter.store import migrations

    chosen = settings()
    if chosen.database.startswith("sqlite:///"):
        Path(chosen.database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    before = migrations.current(chosen.database)
    migrations.upgrade(chosen.database)
    after = migrations.current(chosen.database)
    console.print(f"database at {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@app.command("demo")
def db_demo() -> None:
    """Fill an empty CRM with demo customers; one that has customers is left alone."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from callcenter.background.crm.seed import seed
    from callcenter.store import Store

    chosen = settings()
    store = Store(chosen.database)
    seed(store.engine, datetime.now(ZoneInfo(chosen.zone)).date())
    store.close()
    console.print("the CRM has demo customers")


@app.command("check")
def db_check() -> None:
    """Say how the database differs from the tables in the code, and fail if it does."""
    from callcenter.store import migrations

    differences = migrations.drift(settings().database)
    for difference in differences:
        console.print(f"- {difference}")
    if differences:
        raise Refusal("the database differs from the code; run: callcenter db upgrade")
    console.print("database and code agree")
