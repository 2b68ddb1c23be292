"""Values that depend on an index known when the circuit is made: constants or a ROM."""

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import C, Cat, Module, Value
from numpy.typing import NDArray

from golden.integer_type import IntegerType
from hdl.packed_words import pack_words
from hdl.pipeline import Stages
from hdl.rom import Rom
from hdl.shapes import shape_of


def look_up(
    m: Module,
    pipeline: Stages,
    name: str,
    index: Value,
    columns: Mapping[str, NDArray[np.int64]],
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
    columns : mapping of str to ndarray of int64
        At least one, all of the same length.

    Returns
    -------
    dict of str to Value
        As wide as the column's extremes require, signed where one is negative.
    """
    values: dict[str, Value] = {}
    stored: list[tuple[str, IntegerType, int]] = []
    for column, entries in columns.items():
        kind = IntegerType.spanning(int(entries.min()), int(entries.max()))
        if (entries == entries[0]).all():
            values[column] = C(int(entries[0]), shape_of(kind))
            continue
        stored.append((column, kind, _trailing_zeros(entries)))
    if stored:
        widths = [kind.width - zeros for _, kind, zeros in stored]
        shifted = [columns[column] >> zeros for column, _, zeros in stored]
        words = pack_words(list(zip(shifted, widths, strict=True)))
        m.submodules.look_up = rom = Rom(name, sum(widths), words)
        m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(index)]
        offset = 0
        for column, kind, zeros in stored:
            bits = rom.data[offset : offset + kind.width - zeros]
            offset += kind.width - zeros
            value = Cat(C(0, zeros), bits)
            values[column] = value.as_signed() if kind.signed else value
    return values


def _trailing_zeros(entries: NDArray[np.int64]) -> int:
    combined = int(np.bitwise_or.reduce(entries))
    return (combined & -combined).bit_length() - 1 if combined else 0
