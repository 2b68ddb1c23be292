"""What waits in a schedule, against closed forms."""

from functools import partial

import numpy as np
import pytest

from bittrue.hdl.layers.layer_spec import first_that_needs
from bittrue.hdl.network.schedule import Reader, Schedule, Step

ELEMENTS = 10
IN_ORDER = np.arange(ELEMENTS)
HANDED_ON = 8 + 1
"""Cycles that a layer without latency takes: to hand on, and for an output at one a cycle."""


def beatwise(output: str, latency: int, *sources: str) -> Step:
    """Return a layer whose k-th output needs the k-th element of each input."""
    readers = {
        port: Reader(name, lambda places: places + 1, lambda: IN_ORDER)
        for port, name in enumerate(sources)
    }
    return Step(output, ELEMENTS, latency, 1, True, readers)


@pytest.mark.parametrize("latency", [0, 7, 92, 1000])
def test_a_short_branch_holds_what_comes_while_the_long_one_takes_its_time(latency: int) -> None:
    steps = [beatwise("long", latency, "x"), beatwise("sum", 0, "x", "long")]
    schedule = Schedule(ELEMENTS, {"x": ELEMENTS}, steps, ["sum"])  # An element a cycle.
    assert schedule.waiting("sum", 0) == latency + HANDED_ON
    assert schedule.waiting("sum", 1) == 0


def test_layers_in_a_row_let_nothing_wait() -> None:
    steps = [beatwise("one", 5, "x"), beatwise("two", 50, "one"), beatwise("three", 0, "two")]
    schedule = Schedule(ELEMENTS, {"x": ELEMENTS}, steps, ["three"])
    assert [schedule.waiting(name, 0) for name in ("one", "two", "three")] == [0, 0, 0]


def test_what_is_kept_for_the_next_call_is_made_at_once() -> None:
    """It does not wait for the output, which leaves long after."""
    steps = [beatwise("deep", 500, "x"), beatwise("one", 3, "x"), beatwise("kept", 0, "one")]
    schedule = Schedule(ELEMENTS, {"x": ELEMENTS}, steps, ["deep"])
    assert [schedule.waiting(name, 0) for name in ("deep", "one", "kept")] == [0, 0, 0]
    late = Schedule(ELEMENTS, {"x": ELEMENTS}, steps, ["deep", "kept"])
    assert late.waiting("one", 0) == 500 - 3 - HANDED_ON


def test_halves_that_follow_each_other_wait_for_their_turns() -> None:
    """Each input comes in the time of an image and is taken in half of it: half of it waits."""
    elements = 100
    place = np.arange(2 * elements)
    needs = [np.minimum(place + 1, elements), np.maximum(place + 1 - elements, 0)]
    readers = {
        port: Reader(name, need.__getitem__, partial(first_that_needs, need, elements))
        for port, (name, need) in enumerate(zip("ab", needs, strict=True))
    }
    steps = [Step("joined", 2 * elements, 0, 1, True, readers)]
    schedule = Schedule(2 * elements, {"a": elements, "b": elements}, steps, ["joined"])
    for port in (0, 1):
        assert elements // 2 - 1 <= schedule.waiting("joined", port) <= elements // 2 + 1


def test_an_element_is_taken_with_the_first_output_that_needs_it() -> None:
    needed = np.array([2, 2, 4, 6])
    assert first_that_needs(needed, 6).tolist() == [0, 0, 2, 2, 3, 3]
