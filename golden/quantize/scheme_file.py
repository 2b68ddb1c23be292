"""Schemes as TOML files.

Tables and keys are the fields of `golden.quantize.scheme`; what a file leaves out has its default.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tomli_w

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded
from bittrue.golden.quantize.scheme import LayerScheme, Scheme

Table = TypeVar("Table")


def read_scheme(path: Path) -> Scheme:
    """Read a scheme.

    Raises
    ------
    UserError
        Naming the file, the key, its value and what is allowed.
    """
    try:
        return parse_scheme(read_bounded(path).decode())
    except UnicodeDecodeError:
        raise UserError(f"{path}: it is no text; a scheme is a TOML file") from None
    except UserError as error:
        text = str(error)
        raise UserError(text if text.startswith(f"{path}: ") else f"{path}: {text}") from None


def parse_scheme(text: str) -> Scheme:
    """Return the scheme that a TOML document declares."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"it is no TOML: {error}") from None
    layers = document.pop("layers", {})
    if not isinstance(layers, dict):
        raise UserError("layers is no table; allowed: a table for each layer")
    document["layers"] = {
        name: _build(LayerScheme, table, f"layers.{name}") for name, table in layers.items()
    }
    return _build(Scheme, document, "")


def write_scheme(scheme: Scheme) -> str:
    """Return a scheme as a TOML document, all that differs from the defaults of its tables."""
    document = _without_defaults(scheme)
    layers = {
        name: {key: dict(table) for key, table in asdict(each).items() if table}
        for name, each in scheme.layers.items()
    }
    return tomli_w.dumps(document | ({"layers": layers} if layers else {}))


def _build(kind: type[Table], table: object, place: str) -> Table:
    """Return a dataclass from a table, every value checked against its type."""
    if not isinstance(table, dict):
        raise UserError(f"{place} is {table!r}; allowed: a table")
    hints = get_type_hints(kind)
    allowed = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    values = {}
    for key, value in table.items():
        where = f"{place}.{key}" if place else key
        if key not in allowed:
            hint = "; names with dots are quoted, as in layers.'a.b'" if kind is LayerScheme else ""
            raise UserError(f"{where} does not exist; allowed: {', '.join(allowed)}{hint}")
        values[key] = checked_value(hints[key], value, where)
    return kind(**values)


def checked_value(kind: Any, value: Any, place: str) -> Any:
    """Return a value as a field's type has it.

    Parameters
    ----------
    kind : type
        Of the field.
    value : object
        As TOML has it: lists for tuples, integers also for real numbers.
    place : str
        The field's name in a scheme, for the message.

    Raises
    ------
    UserError
        If it is of another type.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (kind,) = (each for each in arguments if each is not NoneType)
        return checked_value(kind, value, place)
    if is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, place)
    if origin is Literal:
        if value not in arguments:
            raise UserError(f"{place} is {value!r}; allowed: {', '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise UserError(f"{place} is {value!r}; allowed: a list of names")
        return tuple(value)
    if origin is Mapping or origin is dict:
        return dict(value) if isinstance(value, dict) else _refuse(place, value, "a table")
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        _refuse(place, value, _TYPE_NAMES[kind])
    return value


_TYPE_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


def _refuse(place: str, value: object, allowed: str) -> None:
    raise UserError(f"{place} is {value!r}; allowed: {allowed}")


def _without_defaults(table: Any) -> dict[str, Any]:
    """Return the fields of a scheme's table that are not what they would be if left out."""
    document: dict[str, Any] = {}
    for each in fields(table):
        value = getattr(table, each.name)
        default = each.default if each.default is not MISSING else None
        if each.name == "layers" or value == default:
            continue
        if is_dataclass(value):
            usual: Any = type(value)()  # type: ignore[misc]
            changed = {
                inner.name: getattr(value, inner.name)
                for inner in fields(value)
                if getattr(value, inner.name) != getattr(usual, inner.name)
            }
            document[each.name] = changed
        else:
            document[each.name] = list(value) if isinstance(value, tuple) else value
    return document
