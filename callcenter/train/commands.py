"""`callcenter train`: from nothing to a model that is served, in one run that can go on."""

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Teach the interaction model: ear, real people, calls.")

Data = Annotated[Path, typer.Option(help="The folder of speech and text to learn from.")]
Work = Annotated[Path, typer.Option(help="Where pools and unfinished weights are kept; a run goes on from there.")]
Fresh = Path("var/train")


@app.command("all")
def everything(
    data: Data,
    work: Work = Fresh,
    minutes: Annotated[
        float, typer.Option(help="When to stop; the rate of learning follows the time that is left.")
    ] = 120.0,
    size: str = "nano",
    device: Annotated[str, typer.Option(help="cpu or cuda; empty: a GPU where there is one.")] = "",
    makers: Annotated[int, typer.Option(help="Processes that make examples; 0: as many as the cores bear.")] = 0,
    hearing: Annotated[float, typer.Option(help="The share of the time that the ear learns alone.")] = 0.4,
    runs: Annotated[float, typer.Option(help="Go on with an ear by whole runs of phones; .75 is a good share.")] = 0.0,
    frozen: Annotated[bool, typer.Option("--frozen", help="Leave the ear as it is and teach the trunk alone.")] = False,
) -> None:
    """From nothing to weights: the ear, real people timed by it, ear and trunk together; then they are shipped."""
    import torch

    from callcenter.model.config import SIZES
    from callcenter.train.files import RunError
    from callcenter.train.plan import HABITS, planned
    from callcenter.train.together import train

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if size not in SIZES:
        raise typer.BadParameter(f"--size {size}: there are {', '.join(SIZES)}")
    if device.partition(":")[0] not in HABITS or (device != "cpu" and not torch.cuda.is_available()):
        raise typer.BadParameter(f"--device {device}: there is no such device here")
    cores, flite = len(os.sched_getaffinity(0)), int(shutil.which("flite") is not None)
    if not flite:
        typer.echo("flite is not installed (apt-get install flite): espeak-ng and real people only")
    try:
        with ending_tidily():
            train(
                planned(
                    work, data, minutes, device=device, cores=cores, makers=makers, frozen=frozen,
                    size=size, hearing=hearing, runs=runs, flite=flite, told=typer.echo,
                )
            )  # fmt: skip
    except RunError as error:
        raise typer.BadParameter(str(error)) from error
    ship(data, work, work / f"{size}-shipped.pt")


@contextmanager
def ending_tidily() -> Iterator[None]:
    """Whoever is told to terminate ends its makers and takes their folder, which lies in memory, with it."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@app.command()
def ship(data: Data, work: Work = Fresh, out: Path = Path("callcenter/model/shipped/nano.pt")) -> None:
    """Weights in half precision, with their priors and thresholds, to be served: `CALLCENTER_MODEL=FILE`."""
    from callcenter.model.checkpoint import Model, save
    from callcenter.model.conduct import Thresholds
    from callcenter.train.files import RunError, whole
    from callcenter.train.posteriors import priors

    try:
        network, hours = whole(work)
    except RunError as error:
        raise typer.BadParameter(str(error)) from error
    bars = Thresholds(speak=0.85, yield_=0.7, mounting=1.6, pressing=1.7)
    """What did best on callers of the training side (LOG.md); new weights may want others."""
    about = {"hours of speech": hours.speech, "hours of calls": hours.calls, "thresholds": asdict(bars)}
    save(out, Model(network, bars, priors(data, work / "pools"), about))
    typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


@app.command()
def pieces(data: Data, out: Path = Path("callcenter/model/pieces.txt"), size: int = 1024) -> None:
    """How words are cut, from what customers and agents said. New pieces need new weights."""
    from callcenter.model.text import WORD, learn
    from callcenter.train.calls import agents_of
    from callcenter.train.streams import customers_of

    counts = Counter(word for line in (*customers_of(data), *agents_of(data)) for word in WORD.findall(line.lower()))
    out.write_text("\n".join(" ".join(pair) for pair in learn(counts, size)) + "\n", encoding="utf-8")
