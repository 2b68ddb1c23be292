"""Fixed-point requantization against exact rational arithmetic."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding
from bittrue.golden.units.requant import requantize
from tests.support.exact_requantization import decisive_accumulators, exact


@st.composite
def requantizers(draw: st.DrawFn) -> RequantChannels:
    """Any specification, with any values for a few channels."""
    output = IntegerType(draw(st.integers(1, 16)), draw(st.booleans()))
    width = draw(st.integers(1, 31))
    spec = RequantSpec(
        accumulator=IntegerType(draw(st.integers(2, 48)), True),
        output=output,
        multiplier_width=width,
        maximum_exponent=width,
        roundings=tuple(Rounding),
    )
    codes = st.integers(output.minimum, output.maximum)
    multipliers = st.one_of(
        st.integers(0, (1 << width) - 1),
        st.sampled_from([0, 1, 1 << (width - 1), (1 << width) - 1]),
        st.integers(0, width - 1).map(lambda bit: 1 << bit),
    )
    channels = []
    for _ in range(draw(st.integers(1, 4))):
        minimum, maximum = sorted(draw(st.tuples(codes, codes)))
        channels.append(
            (draw(multipliers), draw(st.integers(-31, width)), draw(codes), minimum, maximum)
        )
    return RequantChannels(spec, *(list(column) for column in zip(*channels, strict=True)))


@pytest.mark.parametrize("rounding", Rounding)
@settings(max_examples=120, deadline=None)
@given(channels=requantizers(), seed=st.integers(0, 1 << 32))
def test_equals_exact_rational_arithmetic(
    rounding: Rounding, channels: RequantChannels, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    accumulators = decisive_accumulators(channels, generator, count=40)
    random = generator.integers(0, 1 << RANDOM_BITS, accumulators.shape)
    got = requantize(torch.from_numpy(accumulators), channels, rounding, torch.from_numpy(random))
    for (row, channel), accumulator in np.ndenumerate(accumulators):
        expected = exact(int(accumulator), channels, channel, rounding, int(random[row, channel]))
        assert got[row, channel] == expected, (accumulator, channel)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("accumulator_width", [8, 16, 32, 33, 48])
def test_every_shift(rounding: Rounding, accumulator_width: int) -> None:
    """Each exponent of a 31-bit multiplier, with zero, extreme and ordinary multipliers."""
    generator = np.random.default_rng(accumulator_width)
    exponents = np.arange(-31, 32)
    spec = RequantSpec(IntegerType(accumulator_width, True), maximum_exponent=31)
    for multiplier in (0, 1, 1 << 30, (1 << 31) - 1, int(generator.integers(1 << 30, 1 << 31))):
        channels = RequantChannels(spec, multiplier, exponents, zero_point=-5)
        accumulators = decisive_accumulators(channels, generator, count=12)
        random = generator.integers(0, 1 << RANDOM_BITS, accumulators.shape)
        got = requantize(
            torch.from_numpy(accumulators), channels, rounding, torch.from_numpy(random)
        )
        for (row, channel), accumulator in np.ndenumerate(accumulators):
            expected = exact(
                int(accumulator), channels, channel, rounding, int(random[row, channel])
            )
            assert got[row, channel] == expected, (accumulator, multiplier, exponents[channel])


def test_the_accumulators_tell_all_roundings_apart() -> None:
    """Negative control: on the data of `test_every_shift`, no rounding passes for another."""
    spec = RequantSpec(maximum_exponent=31)
    channels = RequantChannels(spec, 3 << 29, np.arange(-31, 32), zero_point=-5)
    accumulators = decisive_accumulators(channels, np.random.default_rng(32), count=64)
    random = torch.zeros(accumulators.shape, dtype=torch.int64).fill_(1 << (RANDOM_BITS - 2))
    results = [
        requantize(torch.from_numpy(accumulators), channels, rounding, random)
        for rounding in Rounding
    ]
    for one, other in combinations(results, 2):
        assert not torch.equal(one, other)


WORKED = {
    # accumulator / 4 for the accumulators 10, 14, -10, 11 (2.5, 3.5, -2.5, 2.75).
    Rounding.TFLITE_DOUBLE: [3, 4, -3, 3],
    Rounding.RUY: [3, 4, -2, 3],
    Rounding.SINGLE_HALF_UP: [3, 4, -2, 3],
    Rounding.SINGLE_HALF_AWAY: [3, 4, -3, 3],
    Rounding.SINGLE_HALF_EVEN: [2, 4, -2, 3],
    Rounding.FLOOR: [2, 3, -3, 2],
    Rounding.TRUNCATE: [2, 3, -2, 2],
}


@pytest.mark.parametrize("rounding", WORKED)
def test_worked_numbers(rounding: Rounding) -> None:
    channels = RequantChannels(RequantSpec(), multiplier=1 << 30, exponent=-1)
    got = requantize(torch.tensor([10, 14, -10, 11]), channels, rounding)
    assert got.tolist() == WORKED[rounding]


def test_double_rounding_differs_from_single() -> None:
    """1.5 - 2**-32 rounds to 1.5 at 31 fraction bits and then to 2; rounded once it is 1."""
    channels = RequantChannels(RequantSpec(), multiplier=(1 << 31) - 1, exponent=-2)
    accumulator = torch.tensor([6])
    assert requantize(accumulator, channels, Rounding.TFLITE_DOUBLE).tolist() == [2]
    assert requantize(accumulator, channels, Rounding.SINGLE_HALF_AWAY).tolist() == [1]


def test_stochastic_rounds_up_as_often_as_the_fraction_says() -> None:
    channels = RequantChannels(RequantSpec(), multiplier=3 << 29, exponent=-2)  # 3/16
    random = torch.arange(1 << RANDOM_BITS)
    for accumulator in (-9, 1, 7, 16, 100):
        got = requantize(
            torch.full_like(random, accumulator), channels, Rounding.STOCHASTIC, random
        )
        assert Fraction(int(got.sum()), 1 << RANDOM_BITS) == Fraction(accumulator * 3, 16)


def test_shape_and_single_channel_broadcast() -> None:
    spec = RequantSpec()
    accumulators = torch.arange(-60, 60).reshape(2, 3, 4, 5)
    one = RequantChannels(spec, 1 << 30, -2, zero_point=3)
    five = RequantChannels(spec, [1 << 30] * 5, [-2] * 5, zero_point=3)
    assert torch.equal(
        requantize(accumulators, one, Rounding.RUY), requantize(accumulators, five, Rounding.RUY)
    )
    assert requantize(accumulators, five, Rounding.RUY).shape == (2, 3, 4, 5)
    assert requantize(accumulators[:0], five, Rounding.RUY).shape == (0, 3, 4, 5)


@pytest.mark.parametrize(
    ("accumulator", "rounding", "random", "message"),
    [
        (torch.zeros(2, 3), Rounding.RUY, None, "accumulator is torch.float32; allowed: an int"),
        (torch.zeros(2, 4, dtype=torch.int64), Rounding.RUY, None, r"shape \(2, 4\); its last"),
        (torch.tensor([[0, 1 << 31, 0]]), Rounding.RUY, None, "spans 0 to 2147483648, outside i"),
        (torch.zeros(2, 3, dtype=torch.int8), Rounding.STOCHASTIC, None, "random is None; stoch"),
        (
            torch.zeros(2, 3, dtype=torch.int8),
            Rounding.STOCHASTIC,
            torch.tensor([1 << RANDOM_BITS]),
            "random has values outside 0 to 65535",
        ),
    ],
)
def test_unusable_input(
    accumulator: torch.Tensor, rounding: Rounding, random: torch.Tensor | None, message: str
) -> None:
    channels = RequantChannels(RequantSpec(), [1, 2, 3], 0)
    with pytest.raises(UserError, match=message):
        requantize(accumulator, channels, rounding, random)
