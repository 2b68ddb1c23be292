"""Where the product knows operators: counted over its syntax trees.

An operator's class is named wherever an identifier is called what it is: where it is defined,
imported, called or only looked at, as a node, a float layer or a circuit.
"""

import ast
import importlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any

PRODUCT = ("golden", "hdl", "flows", "bittrue")
"""The packages that are the product."""


@cache
def trees(root: Path, packages: tuple[str, ...] = PRODUCT) -> tuple[tuple[str, ast.Module], ...]:
    """Return the place and the syntax tree of every file of packages."""
    return tuple(
        (path.relative_to(root).as_posix(), ast.parse(path.read_text()))
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    )


def files_that_name(
    root: Path, names: Collection[str], packages: tuple[str, ...] = PRODUCT
) -> dict[str, set[str]]:
    """Return the files of the product, or of folders in it, in which some classes are named."""
    found: dict[str, set[str]] = defaultdict(set)
    for place, tree in trees(root, packages):
        for identifier in _identifiers(tree):
            if identifier in names:
                found[identifier].add(place)
    return found


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.ClassDef():
                yield node.name
            case ast.alias():
                yield node.name.split(".")[-1]
                yield node.asname or ""


def questions_of_kind(root: Path, kinds: tuple[type, ...]) -> list[str]:
    """Return the places that ask whether something is of a class among some, or of one below it.

    By ``isinstance``, ``issubclass``, a class pattern of ``match``, a comparison of ``type``, or by
    ``getattr`` or ``hasattr`` whether it has what only some of them have.
    """
    found, parts = [], _parts_of_some(kinds)
    for place, tree in trees(root):
        for node in ast.walk(tree):
            classes = (cls for asked in _asked(node) for cls in _classes(asked, place, tree))
            if any(_is_kind(cls, kinds) for cls in classes) or _part_asked(node) in parts:
                found.append(f"{place}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)}")
    return found


def _parts_of_some(kinds: tuple[type, ...]) -> set[str]:
    """Return what classes below some have, as fields or methods, and those themselves have not."""
    found: set[str] = set()
    below = [*kinds]
    while below:
        derived: list[type] = below.pop().__subclasses__()
        below += derived
        for cls in derived:
            found |= {*vars(cls), *vars(cls).get("__annotations__", {})}
    return {name for name in found if not any(name in dir(kind) for kind in kinds)}


def _part_asked(node: ast.AST) -> str | None:
    match node:
        case ast.Call(
            func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]
        ):
            return name
    return None


def _asked(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, asked]):
            yield asked
        case ast.MatchClass(cls=asked):
            yield asked
        case ast.Compare(left=left, comparators=[right]):
            if any(_is_type_of(side) for side in (left, right)):
                yield from (side for side in (left, right) if not _is_type_of(side))


def _is_type_of(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="type"), args=[_]) | ast.Attribute(attr="__class__"):
            return True
    return False


def _classes(asked: ast.expr, place: str, tree: ast.Module) -> Iterator[object]:
    """Yield what an expression of classes stands for in a file."""
    match asked:
        case ast.BinOp(left=left, right=right):
            yield from _classes(left, place, tree)
            yield from _classes(right, place, tree)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            for element in elements:
                yield from _classes(element, place, tree)
        case ast.Starred(value=value):
            yield from _classes(value, place, tree)
        case ast.Name() | ast.Attribute():
            yield from _flat(_value(asked, place, tree))


def _value(expression: ast.expr, place: str, tree: ast.Module) -> Any:
    """Return what a dotted name stands for in a file: in its module, or by its imports."""
    names = ast.unparse(expression).split(".")
    imported = _imported(tree)
    if names[0] in imported:
        module, name = imported[names[0]]
        value: Any = importlib.import_module(module)
        names = [*([name] if name else []), *names[1:]]
    else:
        value = _module(place)
    for name in names:
        value = getattr(value, name, None)
    return value


def _imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Return the module and the name there of everything that a file imports from the product."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PRODUCT:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module or "", alias.name)
    return found


@cache
def _module(place: str) -> Any:
    name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return importlib.import_module(name if name.split(".")[0] == "bittrue" else f"bittrue.{name}")


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, UnionType):
        value = value.__args__
    if isinstance(value, tuple):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _is_kind(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, type) and issubclass(value, kinds)


def comparisons_of_names(root: Path) -> list[str]:
    """Return the places that compare what an operator, or its class, is called."""
    found = []
    for place, tree in trees(root):
        for node in ast.walk(tree):
            match node:
                case ast.Compare(left=left, comparators=others):
                    sides = [left, *others]
                case ast.Match(subject=subject) | ast.Subscript(slice=subject):
                    sides = [subject]
                case _:
                    continue
            if any(_names_operator(side) for side in sides):
                found.append(f"{place}:{node.lineno}: {ast.unparse(node).splitlines()[0]}")
    return found


def _names_operator(node: ast.expr) -> bool:
    """Return whether an expression is ``node.operator()`` or ``type(node).__name__``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="operator"), args=[]):
            return True
        case ast.Attribute(attr="__name__" | "__qualname__", value=value):
            return _is_type_of(value)
    return False
