"""Files and modules that documentation, docstrings and comments mention are there."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

PACKAGES = ("bittrue", "golden", "hdl", "flows", "cocotb_tests", "tests", "benchmarks")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")), ROOT / "Makefile"]
HISTORY = ROOT / "CHANGELOG.md"
"""Says what was, too."""

_FOLDERS = "|".join((*PACKAGES, "docs", "scripts"))
_PATH = re.compile(rf"(?<![\w/.~<-])(?:{_FOLDERS})(?:/[\w.*-]+)+/?")
_FILE = re.compile(r"(?<![\w/.*>-])(?!net\.py)[a-z]\w*\.py\b")  # net.py is the user's own.
_MODULE = re.compile(rf"(?<![\w/.-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def is_there(path: str) -> bool:
    """Return whether a path, or any that a pattern of them stands for, is in the checkout."""
    wanted = path.rstrip("./,")
    return any(ROOT.glob(wanted)) if "*" in wanted else (ROOT / wanted).exists()


def defined_in(module: Path) -> set[str]:
    """Return the names at the top of a module."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def is_module_or_in_one(dotted: str) -> bool:
    """Return whether a dotted name is that of a package, a module or what one defines.

    What is installed has the floors within ``bittrue``.
    """
    parts = re.sub(r"^bittrue\.(?=(golden|hdl|flows)\b)", "", dotted).split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        module = place.with_suffix(".py")
        module = module if module.is_file() else place / "__init__.py"
        if place.is_dir() or module.is_file():
            rest = parts[length:]
            return not rest or (module.is_file() and rest[0] in defined_in(module))
    return False


def missing(text: str) -> Iterator[str]:
    """Yield what a text mentions and what is not there."""
    yield from (path for path in _PATH.findall(text) if not is_there(path))
    yield from (name for name in _MODULE.findall(text) if not is_module_or_in_one(name))
    yield from (name for name in _FILE.findall(text) if not any(ROOT.glob(f"[!.]*/**/{name}")))


def said_in(source: str) -> str:
    """Return the docstrings and comments of a module."""
    tree = ast.parse(source)
    holders = ast.Module | ast.ClassDef | ast.FunctionDef
    docstrings = [
        node.value.value
        for holder in ast.walk(tree)
        if isinstance(holder, holders)
        for node in holder.body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join(docstrings + comments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_mention_is_there(page: Path) -> None:
    text = page.read_text()
    if page != HISTORY:
        assert list(missing(text)) == []
    links = _LINK.findall(text)
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_what_docstrings_and_comments_mention_is_there(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = {str(file): list(missing(said_in(file.read_text()))) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see `golden/numbers/no_such_thing.py`",
        "see `tests/no_such_folder/test_*.py`",
        "of `bittrue.golden.numbers.no_such_thing`",
        "of `bittrue.golden.numbers.rounding.NoSuchThing`",
        "in `no_such_file.py`",
    ],
)
def test_what_is_not_there_is_noticed(text: str) -> None:
    """Negative control."""
    assert len(set(missing(text))) >= 1
    assert list(missing(said_in(f'"""{text}"""'))) == list(missing(said_in(f"# {text}")))


def test_what_is_there_is_not_complained_of() -> None:
    text = (
        "`golden/numbers/rounding.py`, `tests/hdl/*`, `bittrue.golden.numbers.rounding.Rounding`, "
        "`bittrue.golden.numbers`, `rounding.py`, `python -m cocotb_tests.units.every_mode`"
    )
    assert list(missing(text)) == []
