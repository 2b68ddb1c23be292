"""Functions of two codes, as a sum of integers that is requantized.

A sum of scaled tensors is a function of two codes; there are few enough pairs to look at each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from golden.certificate import CertificateError, StepFunction
from golden.graph import (
    Add,
    Addend,
    Certified,
    Encoding,
    FixedPoint,
    Requantization,
)
from golden.integer_requant import certificate_of_scale
from golden.integer_type import IntegerType
from golden.multiplier import quantize_multiplier
from golden.requant_spec import RequantChannels, RequantSpec
from golden.rounding import Rounding

Int64 = NDArray[np.int64]

PairReference = Callable[[Int64, Int64], Int64]
"""Codes of the operands, shapes (n, 1) and (1, m), to codes of the output, shape (n, m)."""

_SHIFTS = range(22, 11, -1)
_FINE_SHIFTS = range(26, 18, -1)
_NEIGHBOURS = sorted(
    product(range(-12, 13), repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1])
)
_CRITICAL = 2.0**-5
"""Distance from a tie, in codes, beyond which neighbours of a multiplier change no code."""

_LARGEST_MULTIPLIER = 1 << 30
_MOST_PAIRS = 1 << 20
"""Pairs of codes that are looked at one by one; those of 8 bits are far fewer."""


@dataclass(frozen=True, eq=False)
class Summand:
    """A tensor in a sum.

    Parameters
    ----------
    name : str
    type : IntegerType
    scale : Fraction
    encoding : Encoding
    codes : ndarray of int64
        Those that occur, ascending.
    """

    name: str
    type: IntegerType
    scale: Fraction
    encoding: Encoding
    codes: Int64


@dataclass(frozen=True)
class Total:
    """The tensor that a sum makes.

    Parameters
    ----------
    name : str
    type : IntegerType
    scale : Fraction
    zero_point : int
    clamp : (int, int)
        Of its codes.
    """

    name: str
    type: IntegerType
    scale: Fraction
    zero_point: int
    clamp: tuple[int, int]


def few_pairs(first: Summand, second: Summand) -> bool:
    """Return whether there are so few pairs of codes that each can be looked at."""
    return first.codes.size * second.codes.size <= _MOST_PAIRS


def add_pairs(
    operands: tuple[Summand, Summand], subtract: bool, total: Total, reference: PairReference
) -> Add | None:
    """Return an addition that equals a reference on every pair of codes.

    Parameters
    ----------
    operands : tuple of Summand
        With `few_pairs`.
    subtract : bool
        Whether the second is subtracted.
    total : Total
    reference : callable
        What is computed.

    Returns
    -------
    Add or None
        None if no multipliers of up to 31 bits equal the reference.
    """
    first, second = operands
    expected = np.clip(reference(first.codes[:, None], second.codes[None, :]), *total.clamp)
    values = first.encoding.decode(first.codes), second.encoding.decode(second.codes)
    values = values[0][:, None], (-values[1] if subtract else values[1])[None, :]
    for shift, multipliers, constant in _candidates(operands, total, values, expected):
        accumulator = multipliers[0] * values[0] + multipliers[1] * values[1]
        requantization = _requantization(
            accumulator.reshape(-1), expected.reshape(-1), shift, constant, total
        )
        if requantization is not None:
            return Add(
                inputs=(first.name, second.name),
                output=total.name,
                addends=(
                    Addend(first.encoding, multipliers[0]),
                    Addend(second.encoding, multipliers[1], subtract=subtract),
                ),
                requantization=requantization,
            )
    return None


def _candidates(
    operands: tuple[Summand, Summand],
    total: Total,
    values: tuple[Int64, Int64],
    expected: Int64,
) -> Iterator[tuple[int, tuple[int, int], int]]:
    """Yield shifts, multipliers and rounding constants worth looking at closely.

    First the integers nearest to the scales, and one half. Where float arithmetic ends on the
    other side of a tie, though, its rounding has bent scales and zero points a little; then the
    integers around them for which some constant is right for all pairs near a tie.
    """
    ratios = [operand.scale / total.scale for operand in operands]
    if max(ratios) * (1 << _FINE_SHIFTS[0]) >= _LARGEST_MULTIPLIER:
        return
    for shift in _SHIFTS:
        nearest = round(ratios[0] * (1 << shift)), round(ratios[1] * (1 << shift))
        yield shift, nearest, 1 << (shift - 1)
    real = values[0] * float(ratios[0]) + values[1] * float(ratios[1])
    critical = np.abs(real - np.floor(real) - 0.5) < _CRITICAL
    wide = np.broadcast_arrays(*values)
    first, second, codes = wide[0][critical], wide[1][critical], expected[critical]
    level = codes - total.zero_point
    for (off_first, off_second), shift in product(_NEIGHBOURS, _FINE_SHIFTS):
        a = round(ratios[0] * (1 << shift)) + off_first
        b = round(ratios[1] * (1 << shift)) + off_second
        # floor((accumulator + constant) / 2**shift) is the level; clamped, at least or at most.
        needed = (level << shift) - (a * first + b * second)
        lowest = needed[codes > total.clamp[0]].max(initial=0)
        highest = needed[codes < total.clamp[1]].min(initial=1 << shift) + (1 << shift) - 1
        if min(a, b) >= 0 and lowest <= highest:
            half = min(max(1 << (shift - 1), int(lowest)), int(highest))
            yield shift, (a, b), half


def _requantization(
    accumulator: Int64, expected: Int64, shift: int, constant: int, total: Total
) -> Requantization | None:
    """Return the requantization that gives the expected codes, if there is one.

    Of a shift and half to even, or of a shift and a constant with exceptions.
    """
    low, high = int(accumulator.min()), int(accumulator.max())
    kind = IntegerType.spanning(min(low, -1), high)
    spec = RequantSpec(kind, total.type, roundings=(Rounding.SINGLE_HALF_EVEN,))
    multiplier, exponent = quantize_multiplier(2.0**-shift)
    channels = RequantChannels(spec, multiplier, exponent, total.zero_point, *total.clamp)
    plain = FixedPoint(channels, Rounding.SINGLE_HALF_EVEN)
    if np.array_equal(plain.evaluate(accumulator[:, None])[:, 0], expected):
        return plain
    steps = _steps(accumulator, expected, shift, constant, total.zero_point)
    if steps is None:
        return None
    scale, offset = np.array([2.0**-shift]), np.array([constant * 2.0**-shift])
    try:
        certificate = certificate_of_scale(steps, scale, offset, total.zero_point, total.clamp)
    except CertificateError:
        return None
    return Certified(certificate, total.type)


def _steps(
    accumulator: Int64, expected: Int64, shift: int, constant: int, zero_point: int
) -> StepFunction | None:
    """Return a step function through all pairs, its steps those of the constant if they may be.

    None if the codes descend somewhere, or one accumulator has two.
    """
    order = np.lexsort((expected, accumulator))
    accumulator, expected = accumulator[order], expected[order]
    if (np.diff(expected) < 0).any() or (np.diff(expected)[np.diff(accumulator) == 0] != 0).any():
        return None
    codes = np.arange(expected[0] + 1, expected[-1] + 1)
    reached = np.searchsorted(expected, codes)
    natural = ((codes - zero_point) << shift) - constant
    thresholds = np.clip(natural, accumulator[reached - 1] + 1, accumulator[reached])
    return StepFunction(
        accumulator[:1].copy(), accumulator[-1:].copy(), expected[:1].copy(), (thresholds,)
    )
