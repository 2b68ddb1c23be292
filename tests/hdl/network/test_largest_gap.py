"""The largest difference of ascending functions, against asking everywhere."""

from collections.abc import Callable

import numpy as np
import pytest

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.largest_gap import Ascending, largest_gap

COUNTS = (1, 2, 16_384, 16_385, 300_007)
RATE = 1 / 3


def rows(length: int) -> Callable[[Int64], Int64]:
    """Return what needs whole rows, as a window does."""
    return lambda numbers: (numbers // length + 3) * length


FUNCTIONS: dict[str, tuple[Ascending, Ascending]] = {
    "rows against elements": (rows(960), lambda n: n + 1),
    "rows against other rows": (rows(1000), rows(77)),
    "side by side": (lambda n: n + 5, lambda n: n),
    "in cycles": (lambda n: (n // 30 + 1) * (30 * RATE), lambda n: (n + 1) * RATE),
    "falls behind": (lambda n: n // 2, lambda n: n),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_that_of_all_numbers(name: str, count: int) -> None:
    above, below = FUNCTIONS[name]
    every = np.arange(count)
    assert largest_gap(above, below, count) == (above(every) - below(every)).max()


@pytest.mark.parametrize("place", [0, 1, 4_999, 123_456, 299_998, 300_006])
def test_a_single_step_is_found(place: int) -> None:
    """One function rises by 50 at a place that nobody knows, the other by 50 right after it."""
    count = 300_007

    def above(numbers: Int64) -> Int64:
        return numbers // 50 + 50 * (numbers >= place)

    def below(numbers: Int64) -> Int64:
        return numbers // 50 + 50 * (numbers > place)

    assert largest_gap(above, below, count) == 50


def test_few_numbers_are_asked() -> None:
    asked = 0

    def above(numbers: Int64) -> Int64:
        nonlocal asked
        asked += len(numbers)
        return rows(30_720)(numbers)

    count = 540 * 30_720
    assert largest_gap(above, lambda n: n + 1, count) == 3 * 30_720 - 1
    assert asked < count // 50
