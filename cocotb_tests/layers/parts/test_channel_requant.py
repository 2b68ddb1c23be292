"""The requantizer of all channels in both simulators, and faults that must not pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.units import UNITS
from bittrue.golden.certificates.certificate import Certificate, StepFunction
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Certified
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.bench.side_by_side import build, circuits_at_fault, judge_together
from cocotb_tests.bench.streams import full_speed
from cocotb_tests.falsified import falsify

INT8 = IntegerType(8, True)

CASES = {
    "in_logic": "channel_requant in_logic=yes",
    "in_logic_narrow": "channel_requant in_logic=yes accumulator=int9 channels=6 lanes=2 entries=1",
    "certificates": "channel_requant channels=6 lanes=2 entries=6",
    "generic": "channel_requant requantizer=generic channels=6 lanes=3 entries=6",
    "one_entry": "channel_requant channels=3 lanes=3 entries=1 bias=no",
    "one_channel": "channel_requant requantizer=generic channels=1 lanes=1 entries=1 output=uint4",
    "one_bit": "channel_requant channels=5 lanes=1 entries=5 output=uint1 bias=no",
    "wide": "channel_requant requantizer=generic accumulator=int40 channels=4 lanes=2 entries=1 "
    "output=int16",
    "accumulators": "channel_requant requantizer=none channels=6 lanes=2 accumulator=int9",
}


@pytest.mark.regress_on("verilator")
def test_equals_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 8_000


def lanes_exchanged(circuit: Any) -> None:
    columns = circuit.spec.columns
    columns["bias_0"], columns["bias_1"] = columns["bias_1"], columns["bias_0"]


def one_group_too_few(circuit: Any) -> None:
    spec = circuit.spec
    falsify(spec, channels=spec.channels - 2, columns=spec.columns)  # Those of all channels.


FAULTS = {"lanes": lanes_exchanged, "groups": one_group_too_few}


def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    circuits = build(dict.fromkeys(FAULTS, CASES["certificates"]))
    for name, (circuit, _) in circuits.items():
        FAULTS[name](circuit)
    verdict = judge_together(circuits, simulator, builds, tmp_path)
    assert circuits_at_fault(verdict, list(circuits)) == set(circuits)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lanes=5", "lanes is 5; allowed: a divisor of the 16 channels, such as 4"),
        ("entries=3", "requantization has 3 entries; allowed: 1 or 16"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit = UNITS["channel_requant"]
    with pytest.raises(UserError, match=message):
        unit.build(**unit.parse(["requantizer=generic", *words.split()]))


def test_several_exceptions_that_all_raise_the_code(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    accumulators = np.arange(-20, 20)
    codes = np.clip(accumulators, -8, 7)
    bent = codes + np.isin(accumulators, (-3, 4))
    thresholds = np.searchsorted(bent, np.arange(-7, 8)) - 20
    steps = StepFunction(np.array([-20]), np.array([19]), np.array([-8]), (thresholds,))
    one, zero = np.array([1]), np.array([0])
    certificate = Certificate(
        steps=steps,
        shift=0,
        multiplier=one,
        negative_constant=zero,
        positive_constant=zero,
        zero_point=zero,
        minimum=np.array([-8]),
        maximum=np.array([7]),
        exception=np.array([[-3], [4]]),
        correction=np.array([[1], [1]]),
    )
    requantization = Certified(certificate, IntegerType(4, True))
    component = ChannelRequantizer(ChannelRequantSpec(requantization, INT8, None, 1, 1))
    scenario = full_speed(
        "all",
        lanes_of("", accumulators[:, None]),
        lanes_of("", bent[:, None]),
        component.latency,
    )
    verdict = verdict_on(component, "raised", [scenario], simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems


def test_constants_of_more_than_64_bits(simulator: str, builds: Path, tmp_path: Path) -> None:
    """A zero point of 7 bits, shifted by 60; codes from Python's integers."""
    reach, multiplier, half, shift = 2**30 - 1, 2**31 - 1, 2**59, 60
    zero_points = [100, -77, 100]

    def levels(accumulator: int) -> int:
        return (accumulator * multiplier + half) >> shift

    # The first accumulator of a level is the quotient, rounded up.
    thresholds = [-((half - (level << shift)) // multiplier) for level in range(-1, 3)]
    assert all(levels(t) == levels(t - 1) + 1 for t in thresholds)
    every = np.ones(3, dtype=np.int64)
    zero_point = np.array(zero_points)
    certificate = Certificate(
        steps=StepFunction(
            -reach * every, reach * every, zero_point - 2, (np.array(thresholds),) * 3
        ),
        shift=shift,
        multiplier=multiplier * every,
        negative_constant=half * every,
        positive_constant=half * every,
        zero_point=zero_point,
        minimum=-128 * every,
        maximum=127 * every,
        exception=np.zeros((0, 3), dtype=np.int64),
        correction=np.zeros((0, 3), dtype=np.int64),
    )
    near = [t + step for t in thresholds for step in (-1, 0)]
    accumulators = np.array([-reach, -1, 0, 1, reach, *near]).repeat(3).reshape(-1, 3)
    codes = [[levels(int(a)) + z for a, z in zip(row, zero_points, strict=True)]
             for row in accumulators]  # fmt: skip
    spec = ChannelRequantSpec(Certified(certificate, INT8), IntegerType(31, True), None, 3, 1)
    component = ChannelRequantizer(spec)
    scenario = full_speed(
        "all",
        lanes_of("", accumulators.reshape(-1, 1)),
        lanes_of("", np.array(codes).reshape(-1, 1)),
        component.latency,
    )
    verdict = verdict_on(component, "wide_constants", [scenario], simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
