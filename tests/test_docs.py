"""What the documents must name: every setting, command, flow key, tool and kernel."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from callcenter.__main__ import app
from callcenter.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def commands(group, before=""):
    """Every command of the command line, with its group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


@pytest.mark.parametrize("setting", [field.name.upper() for field in fields(Settings)])
def test_every_setting_is_in_the_readme(setting):
    assert f"`{setting}`" in README


def test_the_readme_names_no_setting_that_does_not_exist():
    known = {field.name.upper() for field in fields(Settings)}
    table = README[README.index("## Settings") : README.index("## Figures")]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    assert named == known
    assert {name.removeprefix(PREFIX) for name in re.findall(r"CALLCENTER_[A-Z_]+[A-Z]", README)} <= known


@pytest.mark.parametrize("command", list(commands(typer.main.get_command(app))))
def test_every_command_is_in_the_readme(command):
    assert f"callcenter {command}" in README or f"`{command}`" in README


def test_the_readme_names_every_part_of_the_package():
    tree = README[README.index("## Where things are") :]
    for path in (ROOT / "callcenter").iterdir():
        if not path.name.startswith("__"):
            assert re.search(rf"\b{re.escape(path.stem)}\b", tree), path.name


def test_the_readme_is_short():
    assert len(README.splitlines()) < 200


def test_the_documents_stay_with_the_product():
    private = re.compile(r"/(work|root|tmp)/|\bsubagent|\bthis session\b", re.I)
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("*/README.md")]:
        assert not private.search(path.read_text()), path


@pytest.mark.parametrize("op", sorted(path.parent.name for path in (ROOT / "kernels").glob("*/reference.py")))
def test_every_kernel_is_in_its_readme(op):
    assert f"| `{op}` |" in (ROOT / "kernels" / "README.md").read_text()
