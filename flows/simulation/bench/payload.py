"""Payloads as numpy columns, and as the hexadecimal files that benches read and write."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from amaranth.hdl import Shape
from numpy.typing import ArrayLike, NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.hdl.blocks.packed_words import Words, empty_words, insert_field
from bittrue.hdl.printer.component_ports import payload_fields

Columns = Mapping[str, Int64]
"""Values by field name; the only field of a scalar payload is named ``""``."""

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_WORD = 64


def lanes_of(name: str, values: Int64) -> dict[str, Int64]:
    """Return the columns of an array field, also of arrays of arrays: (beats, ..., lanes)."""
    return {
        ".".join(part for part in (name, *map(str, index)) if part): values[(slice(None), *index)]
        for index in np.ndindex(*values.shape[1:])
    }


def as_beats(codes: ArrayLike, lanes: int) -> dict[str, Int64]:
    """Return the columns of a stream of codes, `lanes` of them to a beat."""
    return lanes_of("", np.asarray(codes, dtype=np.int64).reshape(-1, lanes))


def pack(shape: object, columns: Columns) -> Words:
    """Pack columns of equal length into payload words.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload; fields of at most 64 bits.
    columns : mapping of str to ndarray of int64
        One value per beat for each field, named as in `payload_fields`.

    Returns
    -------
    ndarray of uint64, shape (beats, words)

    Raises
    ------
    UserError
        If a field is missing or unknown, or a value does not fit its field.
    """
    fields = list(payload_fields(shape))
    names = {name for name, _, _ in fields}
    if names != set(columns):
        raise UserError(f"stimulus has fields {sorted(columns)}; the payload has {sorted(names)}")
    beats = len(next(iter(columns.values())))
    words = empty_words(beats, Shape.cast(shape).width)
    for name, offset, scalar in fields:
        values = exact_integers(columns[name])
        _check_fits(name, values, scalar)
        insert_field(words, offset, scalar.width, values)
    return words


def unpack(shape: object, words: Words) -> dict[str, Int64]:
    """Take payload words apart into a column for each field."""
    columns = {}
    for name, offset, scalar in payload_fields(shape):
        word, shift = divmod(offset, _WORD)
        bits = words[:, word] >> np.uint64(shift)
        if shift + scalar.width > _WORD:
            bits = bits | (words[:, word + 1] << np.uint64(_WORD - shift))
        spare = _WORD - scalar.width
        aligned = bits << np.uint64(spare)
        signed = aligned.astype(np.int64) >> np.int64(spare)
        unsigned = (aligned >> np.uint64(spare)).astype(np.int64)
        columns[name] = signed if scalar.signed else unsigned
    return columns


def write_hex(path: Path, shape: object, words: Words) -> None:
    """Write payload words as a ``$readmemh`` file, one beat a line."""
    digits = _digit_count(Shape.cast(shape).width)
    big_endian = np.ascontiguousarray(words[:, ::-1]).astype(">u8").view(np.uint8)
    text = np.empty((len(words), 2 * big_endian.shape[1] + 1), dtype=np.uint8)
    text[:, 0:-1:2] = _DIGITS[big_endian >> 4]
    text[:, 1:-1:2] = _DIGITS[big_endian & 15]
    text[:, -1] = ord("\n")
    path.write_bytes(text[:, -digits - 1 :].tobytes())


def read_hex(path: Path, shape: object) -> tuple[Words, NDArray[np.bool_]]:
    """Read payload words that a bench wrote, one beat a line.

    Returns
    -------
    words : ndarray of uint64, shape (beats, words)
        Zero where a digit is neither hexadecimal nor known.
    known : ndarray of bool, shape (beats,)
        Whether every bit of the beat is 0 or 1.
    """
    digits = _digit_count(Shape.cast(shape).width)
    text = np.frombuffer(path.read_bytes(), dtype=np.uint8).reshape(-1, digits + 1)[:, :-1]
    nibbles = np.where(text >= ord("a"), text - (ord("a") - 10), text - ord("0"))
    unknown = nibbles > 15
    padded = np.zeros((len(text), _word_count(shape) * 16), dtype=np.uint8)
    padded[:, -digits:] = np.where(unknown, 0, nibbles)
    octets = (padded[:, 0::2] << 4) | padded[:, 1::2]
    return octets.view(">u8")[:, ::-1].astype(np.uint64), np.logical_not(unknown.any(axis=1))


def _word_count(shape: object) -> int:
    return max(-(-Shape.cast(shape).width // _WORD), 1)


def _digit_count(width: int) -> int:
    return -(-width // 4)


def _check_fits(name: str, values: Int64, scalar: Shape) -> None:
    if scalar.width > _WORD - (not scalar.signed):
        raise UserError(f"field {name} has {scalar.width} bits; the bench packs up to 64")
    low = -(1 << (scalar.width - 1)) if scalar.signed else 0
    high = (1 << (scalar.width - scalar.signed)) - 1
    outside = np.flatnonzero((values < low) | (values > high))
    if outside.size:
        raise UserError(
            f"beat {outside[0]} of field {name or 'payload'} is {values[outside[0]]}; "
            f"allowed: {low} to {high}"
        )
