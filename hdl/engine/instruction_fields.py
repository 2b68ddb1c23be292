"""Instructions as the circuit has them: bytes, and the fields of each kind in them."""

from amaranth.hdl import Shape, Value, signed
from amaranth.lib import data

from bittrue.golden.engine.instruction import SIZE, Instruction

COMMON_BYTES = 8
"""Opcode, tokens and layer; the fields of a kind follow."""

CONTENT_BYTES = 48
"""Bytes behind them that any instruction has fields in."""

_SHAPES: dict[str, Shape] = {
    "u8": Shape(8),
    "i8": signed(8),
    "u16": Shape(16),
    "i16": signed(16),
    "u32": Shape(32),
}


def compute_layout() -> data.StructLayout:
    """Layout of what the compute unit is given: ``opcode``, and ``content``, bytes 8 to 55."""
    return data.StructLayout({"opcode": 8, "content": 8 * CONTENT_BYTES})


def content_layout(kind: type[Instruction]) -> data.FlexibleLayout:
    """Layout of a kind's fields in its ``content``, by their names."""
    common = {name for name, _, _ in Instruction.layout()}
    fields = {
        name: data.Field(_SHAPES[shape], 8 * (first - COMMON_BYTES))
        for name, shape, first in kind.layout()
        if name not in common
    }
    return data.FlexibleLayout(8 * CONTENT_BYTES, fields)


def fields_of(kind: type[Instruction], content: Value) -> data.View:
    """Return the fields of a kind in its ``content``."""
    return data.View(content_layout(kind), content)


def unused_bytes(kind: type[Instruction]) -> list[int]:
    """Return the bytes of an instruction that belong to no field of its kind."""
    used = {0}
    for _, shape, first in kind.layout():
        used |= set(range(first, first + _SHAPES[shape].width // 8))
    return [byte for byte in range(SIZE) if byte not in used]
