"""The page on architecture draws the imports that there are, and names every room."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

PAGE = (DOCS / "architecture.md").read_text()
FLOORS = ("bittrue", "flows", "hdl", "golden")

Arrows = dict[str, set[str]]


def rooms_of(floor: str) -> list[str]:
    """Return the folders of a floor that hold modules."""
    folders = {path.parent for path in (ROOT / floor).glob("*/*.py")}
    return sorted(folder.name for folder in folders if not folder.is_symlink())


def imported(file: Path) -> set[str]:
    """Return the names of modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) if node.module
    }


def arrows_of(floor: str) -> Arrows:
    """Return the rooms of the same floor that each room imports."""
    rooms = rooms_of(floor)
    arrows: Arrows = defaultdict(set)
    for room in rooms:
        for file in (ROOT / floor / room).rglob("*.py"):
            for module in imported(file):
                within = "" if floor == "bittrue" else "bittrue."
                top, _, rest = f"{module}.".removeprefix(within).partition(".")
                if top == floor and (other := rest.split(".")[0]) in rooms and other != room:
                    arrows[room].add(other)
    return arrows


def reach(arrows: Arrows, room: str) -> set[str]:
    """Return all rooms below a room."""
    below: set[str] = set()
    waiting = [room]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - below
        below |= new
        waiting += new
    return below


def needed(arrows: Arrows) -> set[tuple[str, str]]:
    """Return the arrows that do not follow from others."""
    return {
        (room, other)
        for room, others in arrows.items()
        for other in others
        if not any(other in reach(arrows, between) for between in others - {other})
    }


def drawn(page: str, floor: str) -> set[tuple[str, str]]:
    """Return the arrows within the part of the drawing that is a floor."""
    match = re.search(rf"^    subgraph {floor}\[.*?^    end$", page, re.MULTILINE | re.DOTALL)
    assert match, floor
    arrows = re.findall(r"(\w+)(?:\[.*?\])? --> (\w+)", match[0])
    return {(a.removeprefix(f"{floor}_"), b.removeprefix(f"{floor}_")) for a, b in arrows}


@pytest.mark.parametrize("floor", FLOORS)
def test_the_drawing_has_the_arrows_that_there_are(floor: str) -> None:
    assert drawn(PAGE, floor) == needed(arrows_of(floor))


def test_a_wrong_arrow_is_noticed() -> None:
    """Negative control."""
    right = needed(arrows_of("hdl"))
    assert len(right) > 5
    assert drawn(PAGE.replace("printer --> blocks", "printer --> layers"), "hdl") != right
    assert drawn(PAGE.replace("        costs --> blocks\n", ""), "hdl") != right
    with pytest.raises(AssertionError, match="cellar"):
        drawn(PAGE, "cellar")


def test_arrows_that_follow_from_others_are_left_out() -> None:
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert needed(arrows) == {("a", "b"), ("b", "c")}


@pytest.mark.parametrize("floor", FLOORS)
def test_every_room_is_described(floor: str) -> None:
    described = re.findall(rf"^\| `{floor}/(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(described) == rooms_of(floor)
