"""Requantization by unbounded rational numbers, and accumulators that tell roundings apart."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding

HALF = Fraction(1, 2)


def half_up(value: Fraction) -> int:
    return (value + HALF).__floor__()


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


ONCE: dict[Rounding, Callable[[Fraction], int]] = {
    Rounding.SINGLE_HALF_UP: half_up,
    Rounding.SINGLE_HALF_AWAY: half_away,
    Rounding.SINGLE_HALF_EVEN: round,
    Rounding.FLOOR: Fraction.__floor__,
    Rounding.TRUNCATE: Fraction.__trunc__,
}
"""How each rounding that rounds once makes a rational number an integer."""


def exact(
    accumulator: int, channels: RequantChannels, channel: int, rounding: Rounding, random: int
) -> int:
    """Requantize one accumulator with unbounded rational numbers, by the definitions."""
    width = channels.spec.multiplier_width
    exponent = int(channels.exponent[channel])
    real = Fraction(accumulator * int(channels.multiplier[channel]), 2**width) * Fraction(2) ** (
        exponent
    )
    if rounding.rounds_twice:
        left, right = max(exponent, 0), max(-exponent, 0)
        high = half_up(
            Fraction((accumulator << left) * int(channels.multiplier[channel]), 2**width)
        )
        second = half_away if rounding is Rounding.TFLITE_DOUBLE else half_up
        level = second(Fraction(high, 2**right))
    elif rounding is Rounding.STOCHASTIC:
        level = (real + Fraction(random, 2**RANDOM_BITS)).__floor__()
    else:
        level = ONCE[rounding](real)
    code = level + int(channels.zero_point[channel])
    return min(max(code, int(channels.minimum[channel])), int(channels.maximum[channel]))


def decisive_accumulators(
    channels: RequantChannels, generator: np.random.Generator, count: int
) -> np.ndarray:
    """Return accumulators (count, channels) around ties and steps of codes, and at the extremes."""
    kind = channels.spec.accumulator
    columns = []
    for channel in range(len(channels)):
        multiplier = max(int(channels.multiplier[channel]), 1)
        low = int(channels.minimum[channel] - channels.zero_point[channel]) - 2
        high = int(channels.maximum[channel] - channels.zero_point[channel]) + 2
        halves = generator.integers(2 * low, 2 * high, count, endpoint=True)
        nudges = generator.integers(-1, 1, count, endpoint=True)
        shift = int(channels.shift[channel])
        near = [
            (int(half) << shift) // (2 * multiplier) + int(nudge)
            for half, nudge in zip(halves, nudges, strict=True)
        ]
        special = [kind.minimum, kind.minimum + 1, kind.maximum, kind.maximum - 1, -1, 0, 1]
        wild = generator.integers(kind.minimum, kind.maximum, count // 4, endpoint=True).tolist()
        chosen = (special + wild + near)[:count]
        columns.append([min(max(value, kind.minimum), kind.maximum) for value in chosen])
    return np.array(columns, dtype=np.int64).T
