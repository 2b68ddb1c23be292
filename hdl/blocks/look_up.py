"""Values that depend on an index known when the circuit is made: constants or a ROM."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from amaranth.hdl import C, Cat, Module, Shape, Value
from numpy.typing import NDArray

from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.blocks.shapes import shape_spanning

LOOK_UP_LATENCY = 2
"""Cycles of `look_up` and a register behind it: block RAM is slow to answer."""


def looked_up(
    m: Module,
    pipeline: Stages,
    name: str,
    index: Value,
    columns: Mapping[str, NDArray[Any]],
    memory: Memory | None = None,
) -> dict[str, Value]:
    """Return what `look_up` does, from registers, `LOOK_UP_LATENCY` cycles later."""
    found = look_up(m, pipeline, name, index, columns, memory)
    return {column: pipeline.register(f"{column}_found", value) for column, value in found.items()}


def look_up(
    m: Module,
    pipeline: Stages,
    name: str,
    index: Value,
    columns: Mapping[str, NDArray[Any]],
    memory: Memory | None = None,
) -> dict[str, Value]:
    """Return each column's value at an index, one cycle later.

    A column whose entries are all equal is a constant of the circuit; the others share a ROM. Bits
    that are zero in every entry, at either end of a column, are not stored.

    Parameters
    ----------
    m : Module
        Receives the ROM as its submodule ``look_up``.
    pipeline : Stages
        The ROM advances with it.
    name : str
        Of the ROM; unique within a design.
    index : Value
        Below the length of the columns.
    columns : mapping of str to ndarray of integers
        At least one, all of the same length; Python integers where 64 bits are too few.
    memory : Memory, optional
        What the ROM is made of; see `hdl.blocks.rom.Rom`.

    Returns
    -------
    dict of str to Value
        As wide as the column's extremes require, signed where one is negative.
    """
    values: dict[str, Value] = {}
    stored: list[tuple[str, Shape, int]] = []
    contents: list[tuple[NDArray[Any], int]] = []
    for column, given in columns.items():
        entries = exact_integers(given)
        shape = shape_spanning(int(entries.min()), int(entries.max()))
        if (entries == entries[0]).all():
            values[column] = C(int(entries[0]), shape)
            continue
        zeros = _trailing_zeros(entries)
        stored.append((column, shape, zeros))
        contents.append((entries >> zeros, shape.width - zeros))
    if stored:
        m.submodules.look_up = rom = Rom(name, contents, memory)
        m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(index)]
        offset = 0
        for column, shape, zeros in stored:
            bits = rom.data[offset : offset + shape.width - zeros]
            offset += shape.width - zeros
            value = Cat(C(0, zeros), bits)
            values[column] = value.as_signed() if shape.signed else value
    return values


def stored_width(columns: Mapping[str, NDArray[Any]]) -> int:
    """Return the bits of a word of the ROM of `look_up`; 0 where there is none."""
    width = 0
    for given in columns.values():
        entries = exact_integers(given)
        if not (entries == entries[0]).all():
            shape = shape_spanning(int(entries.min()), int(entries.max()))
            width += shape.width - _trailing_zeros(entries)
    return width


def _trailing_zeros(entries: NDArray[Any]) -> int:
    combined = int(np.bitwise_or.reduce(entries))
    return (combined & -combined).bit_length() - 1 if combined else 0
