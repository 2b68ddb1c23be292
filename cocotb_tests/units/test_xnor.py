"""The XNOR-popcount unit in both simulators, and faults that must not pass."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.units.xnor_spec import XnorSpec
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.units.xnor import XnorPopcount
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import xnor

SPECS = {
    "one lane": XnorSpec(5, 1, thresholded=True),
    "every pair": XnorSpec(5, 5),
    "every pair, tail": XnorSpec(5, 3, thresholded=True),
    "no whole chunk": XnorSpec(3, 40),
    "chunks": XnorSpec(120, 40),
    "chunks and tail, thresholded": XnorSpec(93, 40, thresholded=True),
}


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = XnorPopcount(SPECS[name])
    scenarios = xnor.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "xnor", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.differing == 0
    assert verdict.compared > 500


def all_lanes_count(circuit: XnorPopcount) -> None:
    circuit._counter = ProductCounter(circuit.spec.lanes, 0, circuit._counter.product)
    circuit.latency = circuit._counter.latency + 1


def and_for_xnor(circuit: XnorPopcount) -> None:
    circuit._counter = ProductCounter(
        circuit.spec.lanes, circuit._counter.masked, lambda a, b: a & b
    )


def one_chunk_too_many(circuit: XnorPopcount) -> None:
    circuit.spec = XnorSpec(circuit.spec.length + circuit.spec.lanes, circuit.spec.lanes, True)


@pytest.mark.parametrize("fault", [all_lanes_count, and_for_xnor, one_chunk_too_many])
def test_faults_are_caught(
    fault: Callable[[XnorPopcount], None], any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    spec = SPECS["chunks and tail, thresholded"]
    circuit = XnorPopcount(spec)
    scenarios = xnor.scenarios(circuit, {}, seed=7, quick=True)
    fault(circuit)
    verdict = verdict_on(circuit, "broken", scenarios, any_simulator, builds, tmp_path)
    assert not verdict.passed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["length=0"], "length is 0; allowed: 1 to 1048576"),
        (["length=1048577"], "length is 1048577; allowed: 1 to 1048576"),
        (["lanes=0"], "lanes is 0; allowed: 1 to 1024"),
        (["lanes=1025"], "lanes is 1025; allowed: 1 to 1024"),
        (["thresholded=maybe"], "thresholded: 'maybe' is neither yes nor no"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(words: list[str], message: str) -> None:
    unit = UNITS["xnor"]
    with pytest.raises(ValueError, match=message):
        unit.build(**unit.parse(words))
