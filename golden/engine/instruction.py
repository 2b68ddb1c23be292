"""The instructions of the engine: one frozen dataclass each, and where its fields are."""

import struct
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, ClassVar

SIZE = 64
"""Bytes of an instruction."""


class Unit(IntEnum):
    """What executes instructions, each unit its own in order."""

    LOAD_0 = 0
    LOAD_1 = 1
    COMPUTE = 2
    STORE = 3


class Buffer(IntEnum):
    """Memories on chip that are loaded."""

    INPUT = 0
    WEIGHT = 1
    RECORD = 2
    TABLE = 3


class Region(IntEnum):
    """Parts of the host's memory: the program's image, which is only read, and the data."""

    IMAGE = 0
    DATA = 1


class Operation(IntEnum):
    """What a `Vector` instruction does with two operands."""

    LOOK_UP = 0
    ADD = 1
    MULTIPLY = 2
    MAXIMUM = 3
    MINIMUM = 4


FACTOR_BITS = 16
"""Low bits of a table's entry that `Operation.MULTIPLY` multiplies, signed."""


_SIZES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I"}


def _stored(kind: str) -> Any:
    """Return a field that is stored as an integer of so many bits."""
    return field(metadata={"kind": kind}, default=0)


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What all instructions have.

    Parameters
    ----------
    waits : int
        Bit ``u``: it begins when it has taken a token that unit ``u`` sent to its own.
    signals : int
        Bit ``u``: when it has ended, it sends a token to unit ``u``.
    layer : int
        Layer of the network that it belongs to, for reports.
    """

    OPCODE: ClassVar[int]

    waits: int = _stored("u8")
    signals: int = _stored("u8")
    layer: int = _stored("u16")

    @property
    def unit(self) -> Unit:
        """What executes it."""
        return Unit.COMPUTE

    @classmethod
    def layout(cls) -> list[tuple[str, str, int]]:
        """Return name, kind and first byte of each field; the opcode is byte 0."""
        places, first = [], 1
        for each in fields(cls):
            kind = each.metadata["kind"]
            size = struct.calcsize(_SIZES[kind])
            first += -first % size
            places.append((each.name, kind, first))
            first += size
        assert first <= SIZE, cls
        return places


@dataclass(frozen=True, kw_only=True)
class Load(Instruction):
    """Copy words of the host's memory to a memory on chip, where they lie without gaps.

        word i of run r of plane p comes from byte
        address + p * plane_stride + r * row_stride + i * lanes

    Parameters
    ----------
    address : int
        Byte in `region`.
    destination : int
        First word, row, record or table of `buffer`.
    run, rows, planes : int
        Words of a run, runs of a plane, planes.
    row_stride, plane_stride : int
        Bytes.
    buffer, region : int
        `Buffer`, `Region`.
    port : int
        0 or 1: which of the two units.
    recentre : int
        1 inverts the most significant bit of every byte: uint8 codes become int8 ones.
    """

    OPCODE: ClassVar[int] = 1

    address: int = _stored("u32")
    destination: int = _stored("u32")
    run: int = _stored("u32")
    row_stride: int = _stored("u32")
    plane_stride: int = _stored("u32")
    rows: int = _stored("u16")
    planes: int = _stored("u16")
    buffer: int = _stored("u8")
    region: int = _stored("u8")
    port: int = _stored("u8")
    recentre: int = _stored("u8")

    @property
    def unit(self) -> Unit:
        """See `Instruction.unit`."""
        return Unit.LOAD_1 if self.port else Unit.LOAD_0


@dataclass(frozen=True, kw_only=True)
class Store(Instruction):
    """Copy words of the output memory to the data region; see `Load`.

    Parameters
    ----------
    source : int
        First word of the output memory.
    """

    OPCODE: ClassVar[int] = 2

    address: int = _stored("u32")
    source: int = _stored("u32")
    run: int = _stored("u32")
    row_stride: int = _stored("u32")
    plane_stride: int = _stored("u32")
    rows: int = _stored("u16")
    planes: int = _stored("u16")
    recentre: int = _stored("u8")

    @property
    def unit(self) -> Unit:
        """See `Instruction.unit`."""
        return Unit.STORE


@dataclass(frozen=True, kw_only=True)
class Windowed(Instruction):
    """What instructions have that move a window over a tile of the input memory.

        tap (i, j) of output (y, x) is the word of row  y * stride_y + i * dilation_y + top
        and column  x * stride_x + j * dilation_x + left,
        or `pad` in all lanes where that is not in the tile

    Parameters
    ----------
    input : int
        First word of the tile.
    plane : int
        Words from one plane of channels to the next.
    output : int
        First word of the output memory; planes of ``rows * columns`` words follow each other.
    pitch : int
        Words from one row to the next.
    height, width : int
        Rows and columns of the tile.
    rows, columns : int
        Of the output.
    kernel_y, kernel_x : int
        Rows and columns of the window.
    planes : int
        Planes of channels that are read.
    """

    input: int = _stored("u32")
    plane: int = _stored("u32")
    output: int = _stored("u32")
    pitch: int = _stored("u16")
    height: int = _stored("u16")
    width: int = _stored("u16")
    rows: int = _stored("u16")
    columns: int = _stored("u16")
    kernel_y: int = _stored("u16")
    kernel_x: int = _stored("u16")
    planes: int = _stored("u16")
    top: int = _stored("i16")
    left: int = _stored("i16")
    stride_y: int = _stored("u8")
    stride_x: int = _stored("u8")
    dilation_y: int = _stored("u8")
    dilation_x: int = _stored("u8")
    pad: int = _stored("i8")


@dataclass(frozen=True, kw_only=True)
class Matrix(Windowed):
    """Products with weights, summed over a window and its planes, requantized: `outputs` channels.

        accumulator[y, x, o] = sum over passes q, window rows i, columns j, planes p, lanes l of
            tap[i, j, p, l] * weight row ((q * kernel_y + i) * kernel_x + j) * planes + p, [o, l]
        codes[y, x, o] = requantize(accumulator + bias) by record ``records + o``

    Parameters
    ----------
    weights : int
        First row of the weight memory.
    records : int
        First of as many records as the array has outputs.
    passes : int
        How often the window is walked, with weights going on: a weight too wide for a byte is a sum
        of several.
    words : int
        Words of each pixel that are written, from the first outputs on.
    """

    OPCODE: ClassVar[int] = 3

    words: int = _stored("u8")
    passes: int = _stored("u8")
    weights: int = _stored("u32")
    records: int = _stored("u32")


@dataclass(frozen=True, kw_only=True)
class Pool(Windowed):
    """The greatest code of each window, within limits, plane by plane.

        codes[p, y, x] = clamp(greatest of tap[i, j, p])

    Parameters
    ----------
    minimum, maximum : int
        Limits of the codes.
    """

    OPCODE: ClassVar[int] = 4

    minimum: int = _stored("i8")
    maximum: int = _stored("i8")


@dataclass(frozen=True, kw_only=True)
class Vector(Instruction):
    """Functions of codes, and sums, products and extremes of them.

        look up:  code = table_a[a]
        add:      code = requantize(table_a[a] + table_b[b])
        multiply: code = requantize(low half of table_a[a] * low half of table_b[b], both signed)
        maximum, minimum: code = max(a, b), min(a, b)

    A table is indexed by the code plus 128; the records are those of ``records + lane``.

    Parameters
    ----------
    a, b : int
        First words of the operands in the input memory.
    output : int
        First word of the output memory.
    words : int
        Words of each operand and of the output.
    records : int
        First of as many records as there are lanes.
    operation : int
        `Operation`.
    table_a, table_b : int
        Numbers of tables.
    repeat : int
        1 takes word ``b`` alone for every word of a.
    """

    OPCODE: ClassVar[int] = 5

    a: int = _stored("u32")
    b: int = _stored("u32")
    output: int = _stored("u32")
    words: int = _stored("u32")
    records: int = _stored("u32")
    operation: int = _stored("u8")
    table_a: int = _stored("u8")
    table_b: int = _stored("u8")
    repeat: int = _stored("u8")


@dataclass(frozen=True, kw_only=True)
class Softmax(Instruction):
    """Softmax of each pixel over its channels, as `golden.numbers.softmax`, lowest code -128.

    Parameters
    ----------
    input : int
        First word in the input memory.
    plane : int
        Words from one plane of channels to the next.
    output : int
        First word of the output memory; planes of `pixels` words follow each other.
    pixels, channels : int
    table : int
        Exponentials by difference from the greatest code, Q0.31.
    """

    OPCODE: ClassVar[int] = 6

    input: int = _stored("u32")
    plane: int = _stored("u32")
    output: int = _stored("u32")
    pixels: int = _stored("u32")
    channels: int = _stored("u16")
    table: int = _stored("u8")


@dataclass(frozen=True, kw_only=True)
class GreatestChannel(Instruction):
    """Channel of each pixel's greatest code, the first of equals, in bytes 0 and 1 of its word.

    Parameters
    ----------
    input, plane, output, pixels, channels : int
        As of `Softmax`.
    """

    OPCODE: ClassVar[int] = 7

    input: int = _stored("u32")
    plane: int = _stored("u32")
    output: int = _stored("u32")
    pixels: int = _stored("u32")
    channels: int = _stored("u16")


@dataclass(frozen=True, kw_only=True)
class End(Instruction):
    """The last instruction: the program is done when everything before it is."""

    OPCODE: ClassVar[int] = 15

    @property
    def unit(self) -> Unit:
        """See `Instruction.unit`."""
        return Unit.STORE


INSTRUCTIONS: dict[int, type[Instruction]] = {
    each.OPCODE: each for each in (Load, Store, Matrix, Pool, Vector, Softmax, GreatestChannel, End)
}
"""By opcode."""


def encode(instruction: Instruction) -> bytes:
    """Return an instruction as 64 bytes.

    Raises
    ------
    OverflowError
        Naming a field that its place does not hold.
    """
    content = bytearray(SIZE)
    content[0] = instruction.OPCODE
    for name, kind, first in instruction.layout():
        value = getattr(instruction, name)
        try:
            struct.pack_into(f"<{_SIZES[kind]}", content, first, value)
        except struct.error:
            place = type(instruction).__name__
            raise OverflowError(f"{name} of {place} is {value}; allowed: {kind}") from None
    return bytes(content)


def decode(content: bytes) -> Instruction | None:
    """Return the instruction that 64 bytes hold; None if they hold none.

    Bytes that belong to no field are zero.
    """
    kind = INSTRUCTIONS.get(content[0])
    if kind is None:
        return None
    values = {
        name: struct.unpack_from(f"<{_SIZES[kind_of_field]}", content, first)[0]
        for name, kind_of_field, first in kind.layout()
    }
    instruction = kind(**values)
    return instruction if encode(instruction) == content else None
