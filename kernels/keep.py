"""`python -m kernels.keep FOLDER`: what `measure.sh` found on a GPU goes into `measured.json` and the README's tables.

The JSON is what `callcenter model describe` reckons with; the tables are made from it, so that they cannot differ.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
MEASURED: Final = HERE / "measured.json"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
OTHER: Final = "another sum"
"""What a way of torch is called that is shown but not compared with."""

SIZES: Final = ("nano", "small", "base")
"""What one card serves."""

Told = dict[str, Any]


def lines(path: Path) -> list[Told]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def gathered(folder: Path) -> Told:
    kernels, engine = lines(folder / "kernels.jsonl"), lines(folder / "engine.jsonl")
    copied = [row["copy_tb_s"] for row in (*kernels, *engine)]
    moved = [row["moved"] / row["us"] / 1e6 for row in kernels]
    most = max((*copied, *moved), default=0.0)
    return {
        "card": kernels[0]["device"] if kernels else "",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "versions": (folder / "versions.txt").read_text().strip(),
        "tests": tested(folder),
        "reached_tb_s": round(most, 2),
        "engine": {row["size"]: served(row, most) for row in engine},
        "kernels": [kept(row, most) for row in kernels],
    }


def kept(row: Told, most: float) -> Told:
    """A row, its share of the bandwidth reckoned anew: no figure may flatter itself by a copy that was slow."""
    share = round(row["moved"] / row["us"] / 1e6 / most, 4)
    ways = {name: us if not isinstance(us, str) else us.splitlines()[0][:80] for name, us in row["torch_us"].items()}
    rest = {name: value for name, value in row.items() if name not in ("device", "copy_tb_s", "blocks_us")}
    return rest | {"share": share, "torch_us": ways}


def served(row: Told, most: float) -> Told:
    share = row.get("bandwidth_share_of_64")
    return row if share is None else row | {"bandwidth_share_of_64": round(share * row["copy_tb_s"] / most, 4)}


def tested(folder: Path) -> dict[str, str]:
    """The last line of every file of tests."""
    found = {}
    for path in sorted(folder.glob("tests-*.txt")):
        ends = path.read_text().strip().splitlines()
        found[path.stem.removeprefix("tests-")] = ends[-1].strip("= ") if ends else "nothing"
    return found


def tables(told: Told) -> str:
    """What the README shows."""
    found = [
        f"{told['card']}, {told['date']}; {told['versions']}. The most that anything moved, copies and kernels alike: "
        f"{told['reached_tb_s']} TB/s; shares are of that.",
        "",
    ]
    found += [
        "| kernel | size | calls | us | MB | of bandwidth | torch, us | faster |",
        "|---|---|---|---|---|---|---|---|",
    ]
    found += [kernel(row) for row in told["kernels"]]
    found += [
        "",
        "| size | 64 calls: p50 ms | p99 ms | eager p50 ms | faster | of bandwidth | calls with p99 < 150 ms |",
    ]
    found += ["|---|---|---|---|---|---|---|"]
    found += [engine(told["engine"].get(size, {"size": size})) for size in SIZES]
    found += ["", "Tests, compiled: " + "; ".join(f"`{name}` {end}" for name, end in told["tests"].items()) + "."]
    return "\n".join(found)


def kernel(row: Told) -> str:
    ways = {name: us for name, us in row["torch_us"].items() if not isinstance(us, str)}
    best = min((us for name, us in ways.items() if OTHER not in name), default=None)
    named = ", ".join(
        f"{name} {us:.1f}" if not isinstance(us, str) else f"{name}: failed" for name, us in row["torch_us"].items()
    )
    gain = f"{best / row['us']:.2f} x" if best else "-"
    return (
        f"| {row['op']} | {row['size']} | {row['calls']} | {row['us']:.1f} | {row['moved'] / 1e6:.1f} "
        f"| {row['share']:.0%} | {named} | {gain} |"
    )


def engine(row: Told) -> str:
    if "calls_held" not in row:
        return f"| {row['size']} | not measured | | | | | |"
    more = "+" if row["calls_held"] == row.get("calls_tried") else ""
    names = ("p50_ms_of_64", "p99_ms_of_64", "eager_p50_ms_of_64", "faster")
    cells = [f"{row[name]:g}" if row.get(name) is not None else "-" for name in names]
    share = row.get("bandwidth_share_of_64")
    cells += [f"{share:.0%}" if share is not None else "-", f"{row['calls_held']}{more}"]
    return f"| {row['size']} | " + " | ".join(cells) + " |"


def shown(readme: str, told: Told) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(told)}\n{END}{after}"


def main(folder: Path) -> None:
    told = gathered(folder)
    MEASURED.write_text(json.dumps(told, indent=1) + "\n")
    readme = HERE / "README.md"
    readme.write_text(shown(readme.read_text(), told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
