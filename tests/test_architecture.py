"""The table of who may touch what, and the one direction of imports, as data."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("callcenter", "kernels", "flows", "admin")

ORDER = [
    {"units", "appearing"},
    {"numbers"},
    {"events"},
    {"config"},
    {"audio"},
    {"carriers"},
    {"playout"},
    {"flows"},
    {"kernels"},
    {"measures", "call"},
    {"model"},
    {"engine"},
    {"background", "experiment"},
    {"codec"},
    {"curtain"},
    {"journal"},
    {"redaction"},
    {"store"},
    {"voices"},
    {"telephony", "glossary"},
    {"logs"},
    {"duplex"},
    {"wire", "door", "metrics", "tracing"},
    {"talker", "asker", "contacts", "published"},
    {"comparing"},
    {"trials"},
    {"liaison"},
    {"line"},
    {"switchboard"},
    {"house"},
    {"webhooks"},
    {"api"},
    {"server", "admin"},
    {"terminal"},
    {"callers", "train", "bench", "doctor", "replaying", "trying", "tables", "users"},
    {"__main__"},
]
"""Left may not import right; names in one set may import each other. The package's own root is left of all."""

DECISIONS = (
    "numbers",
    "audio",
    "carriers",
    "playout",
    "call",
    "background.agent",
    "background.planner",
    "background.grammar",
    "background.facts",
    "background.carrying",
    "background.deputy",
    "background.desk",
    "background.details",
    "background.errands",
    "background.exchange",
    "background.expecting",
    "background.ground",
    "background.leaving",
    "background.ledger",
    "background.notes",
    "background.patience",
    "background.pen",
    "background.phrases",
    "background.policies",
    "background.proposals",
    "background.objections",
    "background.proving",
    "background.wishes",
    "background.reading",
    "background.remote",
    "background.rules",
    "background.state",
    "background.thesaurus",
    "background.walking",
    "model.config",
    "model.conduct",
    "model.expectations",
    "model.own",
    "model.phones",
    "model.text",
    "model.lexicon",
    "model.language",
    "model.histories",
    "model.vocabulary",
    "model.search",
    "engine.schedule",
    "engine.slots",
    "experiment",
    "measures",
    "codec",
    "journal",
    "redaction",
    "curtain",
)
VALUES = ("units", "events", "flows")
NEVER_IN_DECISIONS = {"asyncio", "time", "datetime", "random", "socket", "os", "fastapi", "torch", "sqlmodel", "httpx"}
NEVER_IN_TORCH = {"asyncio", "socket", "fastapi", "sqlmodel", "httpx"}
TORCH = ("model", "kernels", "engine.runner", "train")
ALLOWED = {
    ("flows.check", "datetime"): "opening hours are read as times of day",
    ("model.conduct", "random"): "a seed that is handed in chooses between sentences that mean the same",
    ("background.agent", "datetime"): "dates are values; the clock is handed in",
    ("background.planner", "datetime"): "dates are values; the clock is handed in",
    ("background.grammar", "datetime"): "dates are values; the clock is handed in",
    ("background.facts", "datetime"): "dates are values; the clock is handed in",
}
FORBIDDEN_WORDS = re.compile(
    r"(Manager|Handler|Helper|Utils|Processor|Service|Factory|Impl|Info|Wrapper)$|^(get|handle|process)_"
)
FORBIDDEN_FILES = {"utils.py", "common.py", "helpers.py", "base.py", "misc.py"}


def sources() -> dict[str, Path]:
    """Module name (without `callcenter.`) to file."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" in path.parts or "migrations" in path.parts:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[1:] if parts[0] == "callcenter" else parts)
            found[name.removesuffix(".__init__")] = path
    return {name or "__init__": path for name, path in found.items() if name not in ("", "__init__")}


SOURCES = sources()
TREES = {name: ast.parse(path.read_text()) for name, path in SOURCES.items()}


def imports(tree: ast.Module, *, top_only: bool = False) -> set[str]:
    """Absolute names of what a module imports; types-only imports do not count."""
    found: set[str] = set()
    typing_only = [
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    ]
    for node in tree.body if top_only else ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def place(name: str) -> int | None:
    first = name.split(".")[0]
    return next((i for i, group in enumerate(ORDER) if first in group), None)


def ours(imported: str) -> str | None:
    first, _, rest = imported.partition(".")
    if first == "callcenter":
        return rest or None
    return imported if first in PACKAGES else None


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_has_its_place_in_the_order(name):
    assert place(name) is not None, f"{name} is not in ORDER: say where it stands"


@pytest.mark.parametrize("name", SOURCES)
def test_left_does_not_import_right(name):
    for imported in imports(TREES[name]):
        target = ours(imported)
        if target and place(target) is not None:
            assert place(target) <= place(name), f"{name} imports {imported}, which stands to its right"


def in_ring(name: str, ring: tuple[str, ...]) -> bool:
    return any(name == member or name.startswith(member + ".") for member in ring)


@pytest.mark.parametrize("name", [n for n in SOURCES if in_ring(n, DECISIONS + VALUES)])
def test_decisions_touch_no_clock_no_chance_no_socket(name):
    touched = {i.split(".")[0] for i in imports(TREES[name])} & NEVER_IN_DECISIONS
    assert not {t for t in touched if (name, t) not in ALLOWED}


@pytest.mark.parametrize("name", [n for n in SOURCES if in_ring(n, DECISIONS)])
def test_decisions_never_wait(name):
    waits = [n for n in ast.walk(TREES[name]) if isinstance(n, ast.AsyncFunctionDef | ast.Await)]
    protocols = [
        n
        for c in ast.walk(TREES[name])
        if isinstance(c, ast.ClassDef) and any("Protocol" in ast.dump(b) for b in c.bases)
        for n in ast.walk(c)
    ]
    assert not [w for w in waits if w not in protocols]


@pytest.mark.parametrize("name", [n for n in SOURCES if in_ring(n, TORCH)])
def test_torch_modules_touch_no_socket_and_no_store(name):
    assert not {i.split(".")[0] for i in imports(TREES[name])} & NEVER_IN_TORCH


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_opens_with_its_idea(name):
    text = SOURCES[name].read_text().strip()
    assert not text or ast.get_docstring(TREES[name]), f"{name} does not say what it is"


@pytest.mark.parametrize("name", SOURCES)
def test_names_say_what_things_are(name):
    assert SOURCES[name].name not in FORBIDDEN_FILES
    defined = [
        n.name for n in ast.walk(TREES[name]) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    assert not [n for n in defined if FORBIDDEN_WORDS.search(n)]


@pytest.mark.parametrize("name", SOURCES)
def test_there_is_at_most_one_place_that_catches_everything(name):
    broad = [
        node
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert len(broad) <= 1, f"{name} catches everything in {len(broad)} places"


def test_the_top_level_is_the_one_agreed():
    agreed = {"pyproject.toml", "callcenter", "kernels", "flows", "admin", "tests", "Dockerfile"}
    tools = {"README.md", "Makefile", "CHANGELOG.md", "var", "dist"}
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and not p.name.endswith(".egg-info")}
    assert found - tools <= agreed


def test_the_order_bites():
    """The guard itself: a module on the left that imports one on the right is found."""
    tree = ast.parse("from callcenter.server import app")
    assert any(place(ours(i)) > place("units") for i in imports(tree) if ours(i) and place(ours(i)) is not None)
