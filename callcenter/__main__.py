"""The command line: serve, call, load, doctor, db, replay and what else this installation has.

An error that a person can mend is one clear line with its remedy, and the exit status says it failed.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callcenter import __version__
from callcenter.config import SettingError, Settings, read

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="A telephone agent that listens while it speaks."
)
db = typer.Typer(no_args_is_help=True, help="The database's tables.")
app.add_typer(db, name="db")
console = Console(highlight=False)


class Refusal(Exception):
    """What the user can mend: the sentence they are told, remedy included."""


def settings() -> Settings:
    return read(os.environ)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    duplex: Annotated[str, typer.Option(help="What hears and speaks.")] = "",
) -> None:
    """Answer phones until told to stop; SIGTERM finishes the calls first."""
    from dataclasses import replace

    from callcenter.server import serve as run

    chosen = settings()
    changes = {"host": host or chosen.host, "port": chosen.port if port is None else port}
    chosen = replace(chosen, **changes, duplex=duplex or chosen.duplex)
    run(chosen, lambda url: console.print(f"callcenter {__version__} answers at [bold]{url}[/bold] ({chosen.duplex})"))


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database's tables up to date."""
    from callcenter.store import migrate

    url = settings().database
    before, after = migrate.current(url), migrate.upgrade(url)
    console.print(f"database at {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@app.command()
def version() -> None:
    """Print the version."""
    console.print(__version__)


def main() -> None:
    """Run a command; what a person can mend is told in one line."""
    try:
        app(standalone_mode=False)
    except SettingError as error:
        fail(str(error))
    except (Refusal, ValueError, OSError) as error:
        fail(str(error))
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except typer.Abort:
        sys.exit(130)


def fail(sentence: str) -> None:
    Console(stderr=True, highlight=False).print(f"[bold red]callcenter:[/bold red] {sentence}", markup=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
