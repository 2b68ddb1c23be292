"""Comments above modules: what is computed, with which numbers, how soon and how often.

The text is the docstring of the component that the module was made from. What it names by an
expression in backticks, such as the latency, is written as the number that it is here.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
from amaranth.lib import wiring

from bittrue.golden.graph import Graph, Tensor
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.printer.component_ports import describe_ports

_MARKUP = re.compile(r"(`{1,2})([^`]+)\1")
_EXPRESSION = re.compile(r"[A-Za-z_]\w*(\.\w+)*(\(\))?")
_SECTION = r"\n{}\n-+\n"
_RAISES = re.compile(r"\n\nRaises\n-+\n.*?(?=\n\n\S|\Z)", re.DOTALL)
_MOST = 8
"""Values of a tuple that are written one by one."""

_LEFT_OUT = ("name", "words")
"""Parameters that are no numbers of the circuit, or too many."""

_DEPTH = 3
"""Levels of objects within a parameter whose values are written."""


def module_header(component: wiring.Component, name: str) -> str:
    """Return the comment above a module inside a design."""
    purpose, closing = _texts(component)
    lines = [name, "", purpose, ""]
    lines += _listed("Parameters:", dict(_parameters(component)))
    lines += [*closing.splitlines(), "", *_timing(component, closing)]
    return comment("\n".join(lines))


def top_header(component: wiring.Component, name: str, parameters: Mapping[str, object]) -> str:
    """Return the comment above a design: arithmetic, parameters, ports, latency."""
    purpose, closing = _texts(component)
    lines = [name, "", purpose, ""]
    own = {key: value for key, value in _parameters(component) if "." not in key}
    lines += _listed("Parameters:", {**own, **parameters})
    lines += ["Ports:", *(f"  {line}" for line in describe_ports(component)), ""]
    lines += [*closing.splitlines(), "", *_timing(component, closing)]
    return comment("\n".join(lines))


def comment(text: str) -> str:
    """Return a text as a comment in Verilog; whatever is in it stays in its line."""
    text = "".join(each if each.isprintable() or each == "\n" else "?" for each in text.strip())
    text = text.encode("ascii", "backslashreplace").decode()
    return "".join(f"// {line}".rstrip() + "\n" for line in text.splitlines())


def _texts(component: wiring.Component) -> tuple[str, str]:
    """Return what a docstring says before its sections, and after its last one."""
    documentation = _RAISES.sub("", inspect.getdoc(type(component)) or "")
    purpose = re.split(_SECTION.format(r"\w+"), documentation, maxsplit=1)[0]
    rest = re.split(_SECTION.format("Members"), documentation, maxsplit=1)[1:]
    closing = re.split(r"\n\n(?=\S)", rest[0])[1:] if rest else []
    return numbers(purpose.strip(), component), numbers("\n\n".join(closing).strip(), component)


def numbers(text: str, component: object) -> str:
    """Return a text with the values of the expressions in backticks, and without backticks."""

    def value(match: re.Match[str]) -> str:
        expression = match[2]
        if not _EXPRESSION.fullmatch(expression):
            return expression
        found: Any = component
        for part in expression.removesuffix("()").split("."):
            found = getattr(found, part, None)
        if callable(found) and expression.endswith("()"):
            found = found()
        return f"{found:,}" if type(found) is int else expression

    return _MARKUP.sub(value, text)


def _timing(component: Any, said: str) -> Iterator[str]:
    """Yield the numbers of cycles that a component knows and its text does not have."""
    latency = getattr(component, "latency", getattr(component, "LATENCY", None))
    if type(latency) is int and "cycle" not in said:
        yield f"Latency {latency:,} {'cycle' if latency == 1 else 'cycles'}."
    if hasattr(component, "cycles_per_image"):
        cycles = component.cycles_per_image()
        yield f"Initiation interval: {cycles:,} cycles for an image."


def _listed(title: str, values: Mapping[str, object]) -> list[str]:
    if not values:
        return []
    return [title, *(f"  {name} = {value}" for name, value in values.items()), ""]


def _parameters(component: object) -> Iterator[tuple[str, str]]:
    """Yield the parameters that the docstring names, as far as they are numbers or made of some."""
    documentation = inspect.getdoc(type(component)) or ""
    section = re.search(_SECTION.format("Parameters") + r"(.*?)(?=\n\n|\Z)", documentation, re.S)
    for line in re.findall(r"^(\w[\w, ]*?)(?: : .*)?$", section[1] if section else "", re.M):
        for name in line.split(", "):
            if name not in _LEFT_OUT:
                yield from _values(name, getattr(component, name, None), _DEPTH)


def _values(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    text = _simple(value)
    if text:
        yield name, text
    elif is_dataclass(value) and not isinstance(value, Graph) and depth:
        for each in fields(value):
            yield from _values(f"{name}.{each.name}", getattr(value, each.name), depth - 1)


def _simple(value: Any) -> str | None:
    """Return a value in a few words; None if it is no number, name or type, or many of them."""
    if isinstance(value, Enum):
        return _simple(value.value)
    if isinstance(value, bool | int | float | Fraction | IntegerType):
        return str(value)
    if isinstance(value, str):
        return ascii(value)[1:-1]
    if isinstance(value, Tensor):
        shape = " x ".join(str(size) for size in value.shape)
        return f"{shape} of {value.type}, {value.minimum} to {value.maximum}"
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "iu":
        shape = " x ".join(str(size) for size in value.shape)
        return f"{shape} integers, {_range(int(value.min()), int(value.max()))}"
    if isinstance(value, tuple | list) and value:
        if all(type(each) is int for each in value) and len(value) > _MOST:
            return f"{len(value)} integers, {_range(min(value), max(value))}"
        texts = [_simple(each) for each in value[:_MOST]]
        if None not in texts and len(value) <= _MOST:
            return f"({', '.join(str(text) for text in texts)})"
    return None


def _range(low: int, high: int) -> str:
    return f"{low} to {high}" if low < high else f"all {low}"
