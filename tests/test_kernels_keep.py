"""What is kept of a measurement: one JSON, and tables made of nothing else."""

import json
from pathlib import Path

from kernels.keep import BEGIN, END, HERE, MEASURED, gathered, shown, tables

KERNEL = {
    "device": "NVIDIA H200", "copy_tb_s": 4.1, "op": "experts", "size": "base", "calls": 64, "us": 20.0,
    "moved": 75_000_000,
    "share": 0.9, "apart": 0.003,
    "torch_us": {"loop": 900.0, "compiled": 30.0, "sdpa, no mask (another sum)": 1.0, "odd": "no"},
    "blocks_us": {},
}  # fmt: skip
ENGINE = {
    "size": "base", "calls_held": 512, "calls_tried": 512, "p50_ms_of_64": 2.0, "p99_ms_of_64": 2.5, "faster": 40.0,
    "eager_p50_ms_of_64": 80.0, "copy_tb_s": 4.0, "bandwidth_share_of_64": 0.5,
}  # fmt: skip


def folder(path: Path) -> Path:
    (path / "kernels.jsonl").write_text(json.dumps(KERNEL) + "\n")
    (path / "engine.jsonl").write_text(json.dumps(ENGINE) + "\n")
    (path / "versions.txt").write_text("3.12 2.11 3.6\n")
    (path / "tests-test_kernels_norm.txt").write_text("....\n==== 4 passed in 3 s ====\n")
    return path


def test_everything_measured_is_kept(tmp_path):
    told = gathered(folder(tmp_path))
    assert told["card"] == "NVIDIA H200"
    assert told["engine"]["base"]["calls_held"] == 512
    assert told["kernels"][0]["us"] == 20.0
    assert told["reached_tb_s"] == 4.1
    assert told["tests"] == {"test_kernels_norm": "4 passed in 3 s"}


def test_the_tables_compare_with_the_best_of_torch_and_not_with_another_sum(tmp_path):
    text = tables(gathered(folder(tmp_path)))
    assert "| experts | base | 64 | 20.0 | 75.0 | 91% |" in text
    assert "| 1.50 x |" in text
    assert "odd: failed" in text
    assert "| nano | not measured |" in text
    assert "`test_kernels_norm` 4 passed" in text
    assert "| base | 2 | 2.5 | 80 | 40 | 49% | 512+ |" in text


def test_a_slow_copy_flatters_nobody(tmp_path):
    """Where a kernel moved more than the copy did, shares are of what the kernel reached."""
    path = folder(tmp_path)
    fast = {**KERNEL, "size": "tml-small", "us": 15.0}
    (path / "kernels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (KERNEL, fast)))
    told = gathered(path)
    assert told["reached_tb_s"] == 5.0
    assert [row["share"] for row in told["kernels"]] == [0.75, 1.0]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    told = gathered(folder(tmp_path))
    once = shown(f"before\n{BEGIN}\nold\n{END}\nafter", told)
    assert once.startswith("before\n")
    assert once.endswith("\nafter")
    assert "old" not in once
    assert shown(once, told) == once


def test_the_readme_shows_what_is_kept_or_says_that_nothing_was_measured():
    readme = (HERE / "README.md").read_text()
    if MEASURED.exists():
        assert shown(readme, json.loads(MEASURED.read_text())) == readme
    else:
        assert "Not measured" in readme
