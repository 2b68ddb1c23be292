"""Functions of two codes, as a sum of integers that is requantized.

A sum of scaled tensors is a function of two codes; there are few enough pairs to look at each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from scipy.optimize import linprog

from bittrue.golden.certificates.certificate import CertificateError, StepFunction
from bittrue.golden.graph import Certified, FixedPoint, Requantization
from bittrue.golden.graph.add import Addend
from bittrue.golden.lowering.integer_requant import certificate_of_scale
from bittrue.golden.numbers.arrays import Float64, Int64, Mask
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.quantization import Encoding, Quantization, QuantType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

PairReference = Callable[[Int64, Int64], Int64]
"""Codes of the operands, shapes (n, 1) and (1, m), to codes of the output, shape (n, m)."""

Clamp = tuple[int, int]
"""The least and the greatest code that is left."""

_SHIFTS = range(22, 11, -1)
_FINE_SHIFTS = range(16, 31)
_CRITICAL = 2.0**-5
"""Distance from a tie, in codes, within which pairs bound what is looked for at first."""

_MOST_PROGRAMS = 20
"""Linear programs that are solved for one addition."""

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
    quantization : Quantization
    codes : ndarray of int64
        Those that occur, ascending.
    """

    name: str
    type: IntegerType
    quantization: Quantization
    codes: Int64

    @property
    def scale(self) -> Fraction:
        """What one step stands for."""
        return self.quantization.scale

    @property
    def encoding(self) -> Encoding:
        """How codes become values."""
        return self.quantization.encoding


@dataclass(frozen=True, eq=False)
class ScaledSum:
    """Integers that add two tensors: how each is scaled, and what is made of the sum.

    Parameters
    ----------
    addends : (Addend, Addend)
    requantization : FixedPoint or Certified
    """

    addends: tuple[Addend, Addend]
    requantization: Requantization


def few_pairs(first: Summand, second: Summand) -> bool:
    """Return whether there are so few pairs of codes that each can be looked at."""
    return first.codes.size * second.codes.size <= _MOST_PAIRS


def add_pairs(
    operands: tuple[Summand, Summand],
    subtract: bool,
    total: QuantType,
    clamp: Clamp,
    reference: PairReference,
) -> ScaledSum | None:
    """Return integers whose sum equals a reference on every pair of codes.

    Parameters
    ----------
    operands : tuple of Summand
        With `few_pairs`.
    subtract : bool
        Whether the second is subtracted.
    total : QuantType
        What the sum becomes.
    clamp : (int, int)
        Of its codes.
    reference : callable
        What is computed.

    Returns
    -------
    ScaledSum or None
        None if no multipliers of up to 31 bits equal the reference.
    """
    first, second = operands
    expected = np.clip(reference(first.codes[:, None], second.codes[None, :]), *clamp)
    values = tuple(each.encoding.decode(each.codes) for each in operands)
    values = values[0][:, None], (-values[1] if subtract else values[1])[None, :]
    for shift, multipliers, constant in _candidates(operands, total, clamp, values, expected):
        accumulator = multipliers[0] * values[0] + multipliers[1] * values[1]
        requantization = _requantization(
            accumulator.reshape(-1), expected.reshape(-1), shift, constant, total, clamp
        )
        if requantization is not None:
            addends = (
                Addend(first.encoding, multipliers[0]),
                Addend(second.encoding, multipliers[1], subtract=subtract),
            )
            return ScaledSum(addends, requantization)
    return None


def _candidates(
    operands: tuple[Summand, Summand],
    total: QuantType,
    clamp: Clamp,
    values: tuple[Int64, Int64],
    expected: Int64,
) -> Iterator[tuple[int, tuple[int, int], int]]:
    """Yield shifts, multipliers and rounding constants worth looking at closely.

    First the integers nearest to the scales, and one half. Where float arithmetic, or scales whose
    ratio is nearly simple, end on either side of ties, though, numbers further off are needed.
    """
    ratios = [operand.scale / total.quantization.scale for operand in operands]
    for shift in _SHIFTS:
        nearest = round(ratios[0] * (1 << shift)), round(ratios[1] * (1 << shift))
        if max(nearest) < _LARGEST_MULTIPLIER:
            yield shift, nearest, 1 << (shift - 1)
    pairs = _Pairs.of(values, expected, total.zero_point, clamp)
    halves = pairs.nearest_ties(ratios)
    near = pairs.near(halves, ratios)
    for ties in (None, pairs.ties(ratios, near)):
        solution = pairs.widest(near, ties, halves)
        if solution is not None:
            yield from pairs.rounded(*solution, exactly=ties is not None)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """What a sum of two multiples has to be for each pair of values.

    Parameters
    ----------
    first, second : ndarray of int64, shape (pairs,)
        Values of the operands.
    level : ndarray of int64, shape (pairs,)
        Codes without their zero point.
    above, below : ndarray of bool, shape (pairs,)
        Whether the level bounds the sum from below and from above; clamped, it does not.
    """

    first: Int64
    second: Int64
    level: Int64
    above: Mask
    below: Mask

    @classmethod
    def of(
        cls, values: tuple[Int64, Int64], expected: Int64, zero_point: int, clamp: Clamp
    ) -> "_Pairs":
        wide = np.broadcast_arrays(*values)
        first, second, codes = (array.reshape(-1) for array in (*wide, expected))
        low, high = clamp
        return cls(first, second, codes - zero_point, codes > low, codes < high)

    def nearest_ties(self, ratios: list[Fraction]) -> Float64:
        """Return the tie next to each sum, shape (pairs,)."""
        return np.floor(self._sums(ratios)) + 0.5

    def near(self, ties: Float64, ratios: list[Fraction]) -> Mask:
        """Return which sums are near to their tie, shape (pairs,)."""
        return np.abs(self._sums(ratios) - ties) < _CRITICAL

    def _sums(self, ratios: list[Fraction]) -> Float64:
        return self.first * float(ratios[0]) + self.second * float(ratios[1])

    def ties(self, ratios: list[Fraction], near: Mask) -> Mask:
        """Return which of the near ones are ties exactly, shape (pairs,)."""
        divisor = lcm(*(ratio.denominator for ratio in ratios))
        a, b = (int(2 * ratio * divisor) for ratio in ratios)
        ties = np.zeros(len(near), dtype=bool)
        operands = self.first[near].tolist(), self.second[near].tolist()
        ties[near] = [
            (a * x + b * y) % (2 * divisor) == divisor for x, y in zip(*operands, strict=True)
        ]
        return ties

    def widest(
        self, bounding: Mask, ties: Mask | None, halves: Float64
    ) -> tuple[float, float] | None:
        """Return real multipliers that keep all pairs furthest from where their levels end.

        A linear program: ``level + margin <= a * first + b * second + c <= level + 1 - margin``
        for the largest margin. Pairs that its solution violates are added until there are none.

        Parameters
        ----------
        bounding : ndarray of bool, shape (pairs,)
            Pairs to begin with.
        ties : ndarray of bool, shape (pairs,), optional
            Those that stay ties, which a half to even decides; the constant is one half then.
        halves : ndarray of float64, shape (pairs,)
            The sums of ties.

        Returns
        -------
        (float, float) or None
            None if there is no positive margin.
        """
        operands = np.column_stack([self.first, self.second])
        constant: tuple[float | None, float | None] = (None, None)
        above, below = self.above, self.below
        equal: tuple[Any, Any] = (None, None)
        if ties is not None:
            if not ties.any():
                return None
            constant, above, below = (0.5, 0.5), above & ~ties, below & ~ties
            equal = np.column_stack([operands[ties], np.zeros((ties.sum(), 2))]), halves[ties]
        for _ in range(_MOST_PROGRAMS):
            rising, falling = bounding & above, bounding & below
            rows = np.concatenate([-operands[rising], operands[falling]])
            signs = np.repeat([-1, 1], [rising.sum(), falling.sum()])
            limits = np.concatenate([-self.level[rising], self.level[falling] + 1])
            result = linprog(
                [0, 0, 0, -1],
                np.column_stack([rows, signs, np.ones(len(rows))]),
                limits,
                *equal,
                bounds=[(0, None), (0, None), constant, (None, 0.5)],
            )
            if not result.success or result.x[3] <= 0:
                return None
            a, b, offset, margin = result.x.tolist()
            sums = a * self.first + b * self.second + offset - self.level
            violated = (above & (sums < margin / 2)) | (below & (sums > 1 - margin / 2))
            if not (violated & ~bounding).any():
                return a, b
            bounding = bounding | violated
        return None

    def rounded(
        self, a: float, b: float, exactly: bool
    ) -> Iterator[tuple[int, tuple[int, int], int]]:
        """Yield shifts, multipliers as integers, and constants that are right for all pairs."""
        for shift in _FINE_SHIFTS:
            first, second = round(a * 2**shift), round(b * 2**shift)
            if max(first, second) >= _LARGEST_MULTIPLIER:
                return
            if exactly:  # Its rounding is half to even.
                yield shift, (first, second), 1 << (shift - 1)
                continue
            # floor((sum + constant) / 2**shift) is the level; clamped, at least or at most.
            needed = (self.level << shift) - (first * self.first + second * self.second)
            lowest = int(needed[self.above].max(initial=-(1 << 60)))
            highest = int(needed[self.below].min(initial=1 << 60)) + (1 << shift) - 1
            if lowest <= highest:
                yield shift, (first, second), min(max(1 << (shift - 1), lowest), highest)


def _requantization(
    accumulator: Int64, expected: Int64, shift: int, constant: int, total: QuantType, clamp: Clamp
) -> Requantization | None:
    """Return the requantization that gives the expected codes, if there is one.

    Of a shift and half to even, or of a shift and a constant with exceptions.
    """
    low, high = int(accumulator.min()), int(accumulator.max())
    kind = IntegerType.spanning(min(low, -1), high)
    spec = RequantSpec(kind, total.type, roundings=(Rounding.SINGLE_HALF_EVEN,))
    multiplier, exponent = quantize_multiplier(2.0**-shift)
    channels = RequantChannels(spec, multiplier, exponent, total.zero_point, *clamp)
    plain = FixedPoint(channels, Rounding.SINGLE_HALF_EVEN)
    if np.array_equal(plain.evaluate(accumulator[:, None])[:, 0], expected):
        return plain
    steps = _steps(accumulator, expected, shift, constant, total.zero_point)
    if steps is None:
        return None
    scale, offset = np.array([2.0**-shift]), np.array([constant * 2.0**-shift])
    try:
        certificate = certificate_of_scale(steps, scale, offset, total.zero_point, clamp)
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
