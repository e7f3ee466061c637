"""The command line: serve, call, load, doctor, db, replay and what else this installation has.

An error that a person can mend is one clear line with its remedy, and the exit status says it failed.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from callcenter import __version__
from callcenter.bench.commands import app as bench
from callcenter.config import SettingError, Settings
from callcenter.tables import app as database
from callcenter.terminal import Refusal, console, settings
from callcenter.train.commands import app as teaching
from callcenter.trying.commands import app as experiment
from callcenter.users import app as users

if TYPE_CHECKING:
    from callcenter.store.removal import Removal

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A telephone agent that listens while it speaks.",
)
app.add_typer(database, name="db")
procedures = typer.Typer(no_args_is_help=True, help="The procedures that calls follow.")
app.add_typer(procedures, name="flows")
app.add_typer(bench, name="bench")
app.add_typer(teaching, name="train")
models = typer.Typer(no_args_is_help=True, help="The interaction model.")
app.add_typer(models, name="model")
app.add_typer(experiment, name="experiment")
app.add_typer(users, name="user")


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
    chosen = replace(
        chosen,
        host=host or chosen.host,
        port=chosen.port if port is None else port,
        duplex=duplex or chosen.duplex,
    )
    run(chosen, lambda url: console.print(f"callcenter {__version__} answers at [bold]{url}[/bold] ({chosen.duplex})"))


Url = Annotated[str, typer.Option(help="Where the server is; default: the configured port on this machine.")]


def local(url: str, chosen: Settings) -> str:
    return url or f"http://127.0.0.1:{chosen.port}"


@app.command()
def call(
    script: Annotated[str, typer.Option(help="What the caller does: a shipped script or a TOML file.")] = "hello",
    wav: Annotated[list[Path] | None, typer.Option(help="Play this instead; several are played in turn.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the call as a stereo wav.")] = None,
    url: Url = "",
    number: Annotated[str, typer.Option(help="Number to call.")] = "+15550109999",
    caller: Annotated[str, typer.Option(help="Number to call from.")] = "+15550100001",
    limit: Annotated[float, typer.Option(help="Hang up after so many seconds.")] = 600.0,
    speed: Annotated[float, typer.Option(help="Run faster than real time; the server must run as fast.")] = 1.0,
) -> None:
    """Place one call with a fake phone and print what happens."""
    from callcenter.callers.call import place
    from callcenter.switchboard import token_secret

    chosen = settings()
    status = place(
        local(url, chosen),
        script=script,
        wavs=wav or (),
        out=out,
        number=number,
        caller=caller,
        limit=limit,
        token=token_secret(chosen),
        public=chosen.public_url,
        key=chosen.api_key.reveal(),
        speed=speed,
    )
    raise typer.Exit(status)


@app.command()
def load(
    calls: Annotated[int, typer.Option(help="Calls at once.", min=1)] = 100,
    seconds: Annotated[float, typer.Option(help="How long they are measured.", min=3)] = 60.0,
    climb: Annotated[bool, typer.Option("--climb", help="Go on until the jitter's p99 passes 20 ms.")] = False,
    people: Annotated[int, typer.Option(help="Realistic callers beside them, so many at once.", min=0)] = 0,
    url: Url = "",
    seed: Annotated[int, typer.Option(help="Other seeds say other things.")] = 0,
) -> None:
    """Place many calls at once and measure how evenly, completely and fast they are answered."""
    from callcenter.callers.load import run
    from callcenter.switchboard import token_secret

    chosen = settings()
    where = local(url, chosen)
    token, public = token_secret(chosen), chosen.public_url
    status = run(where, calls=calls, seconds=seconds, climb=climb, people=people, public=public, token=token, seed=seed)
    raise typer.Exit(status)


@app.command()
def replay(call: Annotated[str, typer.Argument(help="A call's id, or the provider's.")]) -> None:
    """Feed a call's journal to a fresh call and compare every command it gives."""
    from callcenter.replaying import replay_call

    legs = replay_call(settings(), call)
    for leg in legs:
        console.print(f"{leg.writer}: {leg.lines} lines, {leg.seconds:.2f} s: {leg.verdict}")
    if not legs:
        raise Refusal(f"no call {call!r}; callcenter looks in CALLCENTER_VAR and CALLCENTER_DATABASE")
    if any(leg.differs for leg in legs):
        raise Refusal("the replay gave other commands")


@app.command()
def redact(calls: Annotated[list[str], typer.Argument(help="Ids of calls that are over.")]) -> None:
    """Take card, social security and phone numbers and e-mail addresses out of calls for good: text and sound."""
    from admin.audit import note
    from admin.users import Signed
    from callcenter.store import Store

    removal, store = removing(), Store(settings().database)
    for call in calls:
        note(store, Signed("command line", ""), "redacted call", call)
        counts = removal.redact(call)
        if counts is None:
            raise Refusal(f"there is no call {call!r} that is over and has been shipped")
        told = ", ".join(f"{count} words of {kind}" for kind, count in sorted(counts.items())) or "nothing found"
        console.print(f"{call}: {told}")


@app.command()
def forget(
    number: Annotated[str, typer.Argument(help="The caller's number.")],
    sure: Annotated[bool, typer.Option("--sure", help="Do it; else only say how many calls there are.")] = False,
) -> None:
    """Delete every call from or to a number: recordings, words, journals, rows."""

    from admin.audit import note
    from admin.roles import masked
    from admin.users import Signed
    from callcenter.store import Store

    chosen, removal = settings(), removing()
    calls = removal.calls_of(number, chosen.country)
    if not sure:
        console.print(f"{len(calls)} calls; they are deleted with --sure")
        return
    note(Store(chosen.database), Signed("command line", ""), "forgot caller", masked(number), f"{len(calls)} calls")
    console.print(f"{removal.forget(calls)} of {len(calls)} calls deleted")


def removing() -> "Removal":
    from admin.keeping import without_comments
    from callcenter.store import Store
    from callcenter.store.removal import Removal

    chosen = settings()
    return Removal(Store(chosen.database, chosen.country), chosen.var, without_comments)


@app.command()
def doctor(
    url: Annotated[str, typer.Option(help="Where the server is; default: the configured address.")] = "",
    ready: Annotated[bool, typer.Option("--ready", help="Only ask whether the server takes calls.")] = False,
) -> None:
    """Check everything a call needs, and say what to do about what is missing."""
    from callcenter.doctor import examine, takes_calls

    chosen = settings()
    if ready:
        raise typer.Exit(0 if takes_calls(chosen, url) else 1)
    findings = examine(chosen, url)
    for finding in findings:
        mark = {"ok": "[green]ok  [/green]", "note": "[yellow]note[/yellow]", "fail": "[red]FAIL[/red]"}[finding.state]
        console.print(f"{mark} {finding.what}: {finding.told}")
        if finding.remedy:
            console.print(f"       -> {finding.remedy}")
    failed = sum(finding.state == "fail" for finding in findings)
    if failed:
        raise Refusal(f"{failed} of {len(findings)} checks failed")


@app.command()
def words(
    files: Annotated[
        list[Path] | None, typer.Argument(help="A name or term a line; default: the words and the flow that are set.")
    ] = None,
) -> None:
    """Which words the model's ears do not know by themselves; those in CALLCENTER_WORDS they learn at the start."""
    from callcenter import glossary
    from callcenter.model.lexicon import Lexicon
    from callcenter.server import flow_of

    chosen, lexicon = settings(), Lexicon.load()
    told = [(str(path), glossary.read(path)) for path in files or ([Path(chosen.words)] if chosen.words else ())]
    if not files and chosen.flow:
        told.append((f"flow {chosen.flow}", tuple(glossary.terms_of(flow_of(chosen.flow)))))
    for where, terms in told:
        missing = glossary.unknown(terms, lexicon)
        count = len({word for term in terms for word in term.words})
        console.print(f"{where}: {count} words, unknown: {', '.join(missing) or 'none'}")


@models.command("describe")
def describe(size: Annotated[str, typer.Argument(help="nano, small, base, large or tml-small")] = "nano") -> None:
    """Parameters, memory, bytes of a turn, calls on a GPU, cost of a call-minute; what is derived says so."""
    from callcenter.model.config import SIZES
    from callcenter.model.describe import lines

    if size not in SIZES:
        raise Refusal(f"no size is called {size!r}; known: {', '.join(SIZES)}")
    console.print("\n".join(lines(SIZES[size])))


@procedures.command("check")
def flows_check(
    files: Annotated[list[Path] | None, typer.Argument(help="TOML files; default: the shipped flows.")] = None,
) -> None:
    """Check flows completely: every error with its line, cause and remedy."""
    import flows
    from callcenter.background.catalogue import known_tools
    from flows.check import check

    tools = known_tools(Path(chosen.tools) if (chosen := settings()).tools else None)
    shipped = sorted(Path(flows.__file__).parent.glob("*.toml"))
    others, problems = {path.stem: flows.load(path) for path in shipped}, 0
    for path in files or shipped:
        text = path.read_text(encoding="utf-8")
        found = check(text, tools, others)
        for problem in found:
            console.print(f"{path}: {problem}", markup=False)
        problems += len(found)
        if not found:
            flow = flows.parse(text)
            console.print(f"{path}: {len(flow.steps)} steps, {flow.hash[:12]}")
    if problems:
        raise Refusal(f"{problems} problem{'s' if problems > 1 else ''}")


@app.command()
def version() -> None:
    """Print the version."""
    console.print(__version__)


def main() -> None:
    """Run a command; what a person can mend is told in one line."""
    try:
        app()
    except (Refusal, SettingError, ValueError, OSError) as error:
        fail(str(error))


def fail(sentence: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"[bold red]callcenter:[/bold red] {escape(sentence)}", markup=True
    )
    sys.exit(1)


if __name__ == "__main__":
    main()
