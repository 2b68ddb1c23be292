"""What the ports of a component are called in Verilog, and what is in them."""

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Shape, ShapeCastable
from amaranth.lib import data, wiring


def flat_ports(component: wiring.Component) -> Iterator[tuple[str, wiring.Member, Any]]:
    """Yield the Verilog name, member and shape of each port, in the order of the signature."""
    for path, member, _ in component.signature.flatten(component):
        yield "_".join(str(part) for part in path), member, member.shape


def payload_fields(shape: Any, name: str = "", offset: int = 0) -> Iterator[tuple[str, int, Shape]]:
    """Yield name, first bit and shape of every scalar in a payload, lowest bit first."""
    if isinstance(shape, data.Layout):
        for key, layout_field in shape:
            inner = f"{name}.{key}" if name else str(key)
            yield from payload_fields(layout_field.shape, inner, offset + layout_field.offset)
    elif isinstance(shape, ShapeCastable):
        yield from payload_fields(shape.as_shape(), name, offset)
    else:
        yield name, offset, Shape.cast(shape)


def describe_ports(component: wiring.Component) -> Iterator[str]:
    """Yield a line for each port, and one for each field of its payload."""
    for port, member, shape in flat_ports(component):
        direction = "input" if member.flow == wiring.In else "output"
        yield f"{direction} {port}: {_describe(shape)}"
        yield from (f"  {line}" for line in _fields(port, shape))


def _describe(shape: Any) -> str:
    width = Shape.cast(shape).width
    return f"{width} bit{'s' if width > 1 else ''}{', signed' if Shape.cast(shape).signed else ''}"


def _fields(port: str, shape: Any, name: str = "", offset: int = 0) -> Iterator[str]:
    """Describe the fields of a payload, an array of scalars in one line."""
    if isinstance(shape, data.ArrayLayout) and not isinstance(shape.elem_shape, ShapeCastable):
        last = offset + shape.size - 1
        each = _describe(shape.elem_shape)
        label = f" {name}" if name else ""
        yield f"{port}[{last}:{offset}]{label}: {shape.length} x {each}, the first one lowest"
    elif isinstance(shape, data.Layout):
        for key, field_ in shape:
            inner = f"{name}.{key}" if name else str(key)
            yield from _fields(port, field_.shape, inner, offset + field_.offset)
    elif name:
        width = Shape.cast(shape).width
        yield f"{port}[{offset + width - 1}:{offset}] {name}: {_describe(shape)}"
