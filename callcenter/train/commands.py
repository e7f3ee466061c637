"""`callcenter train`: from nothing to a model that is served, step by step or all at once."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Teach the interaction model: ear, real people, calls.")

Data = Annotated[Path, typer.Option(help="The folder of speech and text to learn from.")]
Work = Annotated[Path, typer.Option(help="Where pools and unfinished weights are kept; a run goes on from there.")]
Minutes = Annotated[float, typer.Option(help="When to stop; the rate of learning follows the time that is left.")]
Fresh = Path("var/train")


@app.command("all")
def everything(data: Data, work: Work = Fresh, minutes: Minutes = 120.0, size: str = "nano") -> None:
    """From nothing to weights: flite's pool, the ear, real people timed by it, the ear again, calls, the search."""
    pools(data, work)
    ear(data, work, minutes * 0.3, 1.6e-3)
    align(data, work)
    ear(data, work, minutes * 0.3, 1.3e-3)
    align(data, work)
    calls(data, work, minutes * 0.4, size)
    ship(data, work, work / f"{size}-shipped.pt")


@app.command()
def pools(data: Data, work: Work = Fresh) -> None:
    """What flite says, said once; without flite there is no such pool, and one synthesizer less to learn from."""
    from callcenter.train.pools import fill

    if shutil.which("flite"):
        fill(data, work / "pools", told=typer.echo)
    else:
        typer.echo("flite is not installed (apt-get install flite): espeak-ng and real people only")


@app.command()
def ear(data: Data, work: Work = Fresh, minutes: Minutes = 40.0, rate: float = 1.6e-3) -> None:
    """Which phones were said, every 20 ms."""
    from callcenter.train.ear import Order, train

    work.mkdir(parents=True, exist_ok=True)
    train(
        Order(work / "ear.pt", data, work / "pools", minutes, rate=rate, batch=6, share=0.42, real=0.6, told=typer.echo)
    )


@app.command()
def align(data: Data, work: Work = Fresh) -> None:
    """Time the words of real people with the ear as it is; they are learnt from afterwards."""
    import torch

    from callcenter.model.ear import Ear
    from callcenter.train.align import pool

    taught = Ear(256)
    taught.load_state_dict(torch.load(work / "ear.pt", weights_only=True)["ear"])
    (work / "pools").mkdir(parents=True, exist_ok=True)
    pool(taught, data, work / "pools" / "real.pickle", typer.echo)


@app.command()
def calls(
    data: Data,
    work: Work = Fresh,
    minutes: Minutes = 40.0,
    size: str = "nano",
    thaw: bool = False,
    rate: float = 1.3e-3,
) -> None:
    """When to speak, hum, yield and ask. `--thaw` lets the ear go on learning beside it."""
    from callcenter.train.learn import Order, train

    out = work / f"{size}.pt"
    taught = None if out.is_file() else work / "ear.pt"
    train(
        Order(
            out, taught, data, work / "pools", minutes,
            size=size, rate=rate, batch=6, share=0.42, real=0.6, thaw=thaw, told=typer.echo,
        )
    )  # fmt: skip


@app.command()
def ship(
    data: Data, work: Work = Fresh, out: Path = Path("callcenter/model/shipped/nano.pt"), size: str = "nano"
) -> None:
    """Weights in half precision, with their priors and thresholds, to be served: `CALLCENTER_MODEL=FILE`."""
    import torch

    from callcenter.model.checkpoint import Model, save
    from callcenter.model.conduct import Thresholds
    from callcenter.model.config import SIZES
    from callcenter.model.network import Network
    from callcenter.train.posteriors import priors

    saved = torch.load(work / f"{size}.pt", weights_only=True)
    network = Network(SIZES[size])
    network.load_state_dict(saved["network"])
    bars = Thresholds()
    known = priors(network.ear, data, work / "pools")
    save(out, Model(network, bars, known, {"hours of calls": saved["hours"], "thresholds": asdict(bars)}))
    typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


@app.command()
def pieces(data: Data, out: Path = Path("callcenter/model/pieces.txt"), size: int = 1024) -> None:
    """How words are cut, from what customers and agents said. New pieces need new weights."""
    from collections import Counter

    from callcenter.model.text import WORD, learn
    from callcenter.train.calls import agents_of
    from callcenter.train.streams import customers_of

    counts = Counter(word for line in (*customers_of(data), *agents_of(data)) for word in WORD.findall(line.lower()))
    out.write_text("\n".join(" ".join(pair) for pair in learn(counts, size)) + "\n", encoding="utf-8")
