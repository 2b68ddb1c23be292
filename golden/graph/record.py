"""Frozen dataclasses as JSON values, by their type hints alone.

Only the types that graphs are made of can be written or read; the hints of the classes decide
what a file may hold, so a new operator needs no code here.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import OPERATORS, Node
from bittrue.golden.graph.requantization import Certified, FixedPoint
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.registry import import_users_operators

KINDS: dict[Any, Mapping[str, type]] = {
    Node: OPERATORS,
    FixedPoint | Certified: {"fixed_point": FixedPoint, "certified": Certified},
}
"""The classes that a value of an abstract type may have, by the ``kind`` written in the file."""


class ArrayWriter:
    """Collects the arrays of a document."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []

    def add(self, array: NDArray[Any]) -> int:
        """Keep an array and return its number."""
        self.arrays.append(array)
        return len(self.arrays) - 1


class ArrayReader:
    """Hands out the arrays of a document by number."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], name_of: Callable[[int], str]) -> None:
        self._arrays = arrays
        self._name_of = name_of

    def get(self, number: object, place: str) -> NDArray[Any]:
        """Return an array that a document refers to."""
        if type(number) is not int or self._name_of(number) not in self._arrays:
            raise UserError(f"{place} refers to array {number!r}, which is not in the file")
        return self._arrays[self._name_of(number)]


def encode(value: Any, hint: Any, arrays: ArrayWriter) -> Any:
    """Return a value of a hinted type as JSON."""
    hint, optional = _without_none(hint)
    if optional and value is None:
        return None
    if hint in KINDS:
        kind = next(name for name, cls in KINDS[hint].items() if cls is type(value))
        return {"kind": kind, **encode(value, type(value), arrays)}
    if typing.get_origin(hint) is np.ndarray:
        return {"array": arrays.add(value)}
    if typing.get_origin(hint) is tuple:
        return [
            encode(item, item_hint, arrays)
            for item, item_hint in zip(value, _item_hints(hint, len(value)), strict=True)
        ]
    if dataclasses.is_dataclass(hint) and hint is not IntegerType:
        hints = _fields(hint)
        return {name: encode(getattr(value, name), hints[name], arrays) for name in hints}
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, bool | int | str) else str(value)


def decode(value: Any, hint: Any, place: str, arrays: ArrayReader) -> Any:
    """Return the value of a hinted type that JSON stands for.

    Parameters
    ----------
    place : str
        Where in the document the value stands, for messages.

    Raises
    ------
    UserError
        Naming the place, if the value is not of the type, or the class refuses it.
    """
    hint, optional = _without_none(hint)
    if optional and value is None:
        return None
    if hint in KINDS:
        kind = value.get("kind") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind not in KINDS[hint]:
            import_users_operators()
        if not isinstance(kind, str) or kind not in KINDS[hint]:
            raise UserError(f"{place}.kind is {kind!r}; allowed: {', '.join(sorted(KINDS[hint]))}")
        rest = {name: item for name, item in value.items() if name != "kind"}
        return decode(rest, KINDS[hint][kind], place, arrays)
    if typing.get_origin(hint) is np.ndarray:
        array = arrays.get(require_object(value, place, ("array",))["array"], place)
        return array.astype(np.int64) if np.int64 in _dtypes(hint) else array
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise UserError(f"{place} is {_short(value)}; allowed: a list")
        item_hints = _item_hints(hint, len(value))
        if len(item_hints) != len(value):
            raise UserError(f"{place} has {len(value)} elements; allowed: {len(item_hints)}")
        return tuple(
            decode(item, item_hint, f"{place}[{index}]", arrays)
            for index, (item, item_hint) in enumerate(zip(value, item_hints, strict=True))
        )
    if hint in (IntegerType, Fraction) or (isinstance(hint, type) and issubclass(hint, Enum)):
        return _from_text(value, hint, place)
    if dataclasses.is_dataclass(hint):
        hints = _fields(hint)
        fields = require_object(value, place, tuple(hints))
        items = {
            name: decode(fields[name], hints[name], f"{place}.{name}", arrays) for name in hints
        }
        try:
            return typing.cast(Any, hint)(**items)
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
    if type(value) is not hint:
        raise UserError(f"{place} is {_short(value)}; allowed: {hint.__name__}")
    if hint is int and value.bit_length() > 62:
        raise UserError(f"{place} is {value}; allowed: integers of up to 62 bits")
    return value


def require_object(value: object, place: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return a JSON object that has exactly the given members."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise UserError(f"{place} is {_short(value)}; allowed: an object of {', '.join(names)}")
    return value


def _from_text(value: object, hint: Any, place: str) -> Any:
    if not isinstance(value, str) or len(value) > 1000:
        raise UserError(f"{place} is {_short(value)}; allowed: a short string")
    if hint is Fraction and not re.fullmatch(r"[0-9]+(/[0-9]+)?", value):
        raise UserError(f"{place} is {value!r}; allowed: numerator/denominator")
    try:
        return hint.parse(value) if hint is IntegerType else hint(value)
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"{place} is {value!r}: {error}") from None


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Split ``X | None`` into X and whether None is allowed."""
    if not isinstance(hint, types.UnionType) or types.NoneType not in typing.get_args(hint):
        return hint, False
    members = [member for member in typing.get_args(hint) if member is not types.NoneType]
    union = members[0]
    for member in members[1:]:
        union |= member
    return union, True


def _item_hints(hint: Any, count: int) -> tuple[Any, ...]:
    arguments = typing.get_args(hint)
    return arguments[:1] * count if arguments[1:] == (...,) else arguments


def _dtypes(hint: Any) -> tuple[Any, ...]:
    return tuple(dtype for argument in typing.get_args(hint) for dtype in typing.get_args(argument))


def _fields(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
