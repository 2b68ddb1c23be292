"""Circuits of random networks against golden, and faults of circuits that have to be found."""

from dataclasses import replace
from pathlib import Path

from bittrue.flows.fuzzing.campaign import Campaign
from bittrue.flows.fuzzing.comparison import Circuit, circuit_problems
from bittrue.flows.fuzzing.failure import read_failure, write_failure
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.graph import Graph, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.slice import Slice
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.spec import NetworkSpec
from cocotb_tests.falsified import falsify

SEED = 3
INT8 = IntegerType(8, True)


def clamped() -> Circuit:
    x = Tensor.of_type("x", (3, 2, 4), INT8)
    nodes = (
        Slice(inputs=("x",), output="part", begin=(0, 0, 0), size=(2, 2, 4), stride=(1, 1, 1)),
        Clamp(inputs=("part",), output="y", minimum=-9, maximum=77),
    )
    return Circuit(NetworkSpec(Graph((x,), nodes, ("y",)), lanes={"x": 2}), (60, 90), 5)


def test_some_networks_are_equal(any_simulator: str, tmp_path: Path) -> None:
    """A sample; `bittrue fuzz --rtl` runs as many as one likes."""
    campaign = Campaign(SEED, tmp_path, (any_simulator,))
    results = list(campaign.run((), range(1, 5)))
    assert [each.said for each in results if each.result == "failed"] == []
    assert sum(each.result == "equal" for each in results) >= 2


class Wrong(Circuit):
    """A circuit of which another code is expected."""

    def scenarios(self, network: Network) -> list[Scenario]:
        fast, slow = super().scenarios(network)
        expected = {key: values.copy() for key, values in fast.expected["o"].items()}
        expected["0"][3] ^= 1
        return [replace(fast, expected={"o": expected}), slow]


def test_each_circuit_is_judged_on_its_own(any_simulator: str, tmp_path: Path) -> None:
    right, late = clamped(), clamped()
    wrong = Wrong(right.spec, right.stall, right.seed)
    falsify(late, planned=late.planned - 1)
    circuits = {"right": right, "wrong": wrong, "late": late}
    found = circuit_problems(circuits, any_simulator, tmp_path)
    assert set(found) == {"wrong", "late"}
    assert "1 of 288 beats of o differ" in found["wrong"]
    assert "images come every" in found["late"]


def test_a_failure_is_read_as_it_was_written(tmp_path: Path) -> None:
    circuit = clamped()
    path = tmp_path / "failure.bittrue"
    write_failure(path, circuit.spec.graph, "it differs", circuit)
    graph, read = read_failure(path)
    assert read is not None
    assert [node.operator() for node in graph.nodes] == ["slice", "clamp"]
    assert (read.stall, read.seed, dict(read.spec.lanes)) == ((60, 90), 5, {"x": 2})
