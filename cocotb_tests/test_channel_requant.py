"""The requantizer of all channels in both simulators, and faults that must not pass."""

from pathlib import Path

import numpy as np
import pytest

from cocotb_tests import channel_requant
from cocotb_tests.checking import verdict_on
from cocotb_tests.streams import full_speed, lanes_of
from flows.units import UNITS
from golden.certificate import Certificate, StepFunction
from golden.graph import Certified
from golden.integer_type import IntegerType
from hdl.layers.channel_requant import ChannelRequantizer

INT8 = IntegerType(8, True)

CASES = {
    "certificates": "channels=6 lanes=2 entries=6",
    "multipliers and shifts": "requantizer=generic channels=6 lanes=3 entries=6",
    "one entry": "channels=3 lanes=3 entries=1 bias=no",
    "one channel": "requantizer=generic channels=1 lanes=1 entries=1 output=uint4",
    "1 bit": "channels=5 lanes=1 entries=5 output=uint1 bias=no",
    "16 bits": "requantizer=generic accumulator=int40 channels=4 lanes=2 entries=1 output=int16",
    "accumulators": "requantizer=none channels=6 lanes=2 accumulator=int9",
}


def build(words: str) -> tuple[ChannelRequantizer, dict]:
    unit = UNITS["channel_requant"]
    parameters = unit.parse(words.split())
    component = unit.build(**parameters)
    assert isinstance(component, ChannelRequantizer)
    return component, parameters


@pytest.mark.parametrize("name", CASES)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component, parameters = build(CASES[name])
    scenarios = channel_requant.scenarios(component, parameters, seed=3, quick=True)
    verdict = verdict_on(component, "channel_requant", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 100


def channels_in_other_order(circuit: ChannelRequantizer) -> None:
    columns = circuit._columns
    columns["bias_0"], columns["bias_1"] = columns["bias_1"], columns["bias_0"]


def one_channel_too_few(circuit: ChannelRequantizer) -> None:
    circuit.channels -= 2


@pytest.mark.parametrize("fault", [channels_in_other_order, one_channel_too_few])
def test_faults_are_caught(fault, simulator: str, builds: Path, tmp_path: Path) -> None:
    circuit, parameters = build(CASES["certificates"])
    scenarios = channel_requant.scenarios(circuit, parameters, seed=3, quick=True)
    fault(circuit)
    verdict = verdict_on(circuit, "broken", scenarios, simulator, builds, tmp_path)
    assert verdict.differing > 0


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
    component = ChannelRequantizer(requantization, INT8, None, 1, 1)
    scenario = full_speed(
        "all",
        lanes_of("", accumulators[:, None]),
        lanes_of("", bent[:, None]),
        component.latency,
    )
    verdict = verdict_on(component, "raised", [scenario], simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
