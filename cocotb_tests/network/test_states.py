"""Circuits keep state between calls: equal to golden, from the initial codes after every reset."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module
from amaranth.lib import wiring

from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.simulation.network import network_scenario
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, State, Tensor
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.layers.constant import ConstantSource, ConstantSpec
from bittrue.hdl.layers.parts.connection import connect
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.feedback import Feedback
from bittrue.hdl.network.spec import NetworkSpec
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.bench.side_by_side import circuits_at_fault, judge_together
from cocotb_tests.bench.streams import STALL
from cocotb_tests.network.builder import INT8
from cocotb_tests.network.pace import AMPLE, Paced, wrong_paces
from cocotb_tests.network.streaming_networks import (
    INT16,
    recurrent,
    running_sum,
    several,
    streaming_convolution,
)

CALLS = 10
CUT_OFF = 150
"""Cycles after which a sequence is cut off by a reset: within its second call or later."""

NETWORKS: dict[str, tuple[Callable[[], Graph], int | None]] = {
    "convolution": (streaming_convolution, 40),
    "sum": (lambda: running_sum(INT16, 8), None),
    "recurrent": (recurrent, None),
    "wide": (lambda: recurrent(12, 8), 190),
    "several": (several, 100),
}
"""Networks with the cycles between calls that are asked for."""


def network_of(title: str, kind: type[Network] = Network, graph: Graph | None = None) -> Network:
    """Return a network's circuit, of another graph where one is given."""
    make, cycles = NETWORKS[title]
    plan = plan_network(certify(graph or make()), AMPLE, cycles)
    return kind(replace(plan.spec, prefix=f"{title}_"))


def scenarios(network: Network, graph: Graph | None = None) -> list[Scenario]:
    """Return sequences: at full speed, with pauses, cut off by a reset, and once more."""
    graph = graph or network.spec.graph
    calls = random_inputs(graph, CALLS, 3)
    golden = Executor(graph).run(calls)

    def sequence(name: str, i: int = 0, o: int = 0, stop_after: int = 0) -> Scenario:
        stall = {"i": i, "o": o}
        return network_scenario(network, name, calls, golden, stall, seed=9, stop_after=stop_after)

    return [
        sequence("full speed"),
        sequence("input", i=STALL),
        sequence("output", o=240),
        sequence("cut off", i=STALL, stop_after=CUT_OFF),
        sequence("after a reset", i=STALL, o=STALL),
    ]


@pytest.mark.regress_on("verilator")
def test_sequences_equal_golden_from_every_reset_on(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    circuits = {title: network_of(title) for title in NETWORKS}
    verdict = judge_together(
        {title: (network, scenarios(network)) for title, network in circuits.items()},
        simulator,
        builds,
        tmp_path,
    )
    assert verdict.passed, verdict.problems


def test_calls_come_as_often_as_planned(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    """Where the slowest layer sets the pace, and where a call waits for the one before."""
    paced = {}
    for title, (make, cycles) in NETWORKS.items():
        paced[title] = Paced.of(title, certify(make()), cycles)
    assert {title: each.network.spec.call_interval > 0 for title, each in paced.items()} == {
        "convolution": False, "sum": True, "recurrent": True, "wide": True, "several": False,
    }  # fmt: skip
    assert wrong_paces(paced, any_simulator, builds, tmp_path) == {}


class Forgetful(Feedback):
    """Begins every call with the initial codes."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        tensor = self.state.tensor
        node = Constant(inputs=(), output=tensor.name, values=self.state.initial, type=tensor.type)
        m.submodules.initial_codes = initial = ConstantSource(
            ConstantSpec(node, self.lanes), self.name
        )
        connect(m, initial.o, self.o)
        m.d.comb += self.i.ready.eq(1)
        return m


class Unreset(Feedback):
    """Goes on where it was after a reset."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.unreset = ClockDomain(local=True, reset_less=True)
        m.d.comb += ClockSignal("unreset").eq(ClockSignal())
        inner = Feedback(self.state, self.lanes, self.interval, self.name)
        m.submodules.inner = DomainRenamer("unreset")(inner)
        wiring.connect(m, wiring.flipped(self.i), inner.i)
        wiring.connect(m, inner.o, wiring.flipped(self.o))
        return m


def with_feedback(kind: type[Feedback]) -> type[Network]:
    """Return networks whose states are of a faulty kind."""

    class Faulty(Network):
        def _feedback(self, state: State) -> Feedback:
            right = super()._feedback(state)
            return kind(right.state, right.lanes, right.interval, right.name)

    return Faulty


def test_faults_of_states_are_noticed(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    """Negative control: states that are forgotten, not reset, or that begin with other codes."""
    graph = NETWORKS["convolution"][0]()
    (state,) = graph.states
    initial = state.initial.copy()
    initial[-1, 0, 0] ^= 1 << 6
    other = replace(graph, states=(replace(state, initial=initial),))
    networks = {
        "sound": network_of("convolution"),
        "forgotten": network_of("convolution", with_feedback(Forgetful)),
        "unreset": network_of("convolution", with_feedback(Unreset)),
        "initial": network_of("convolution", graph=other),
    }
    for name, network in networks.items():
        object.__setattr__(network.spec, "prefix", f"{name}_")
    circuits = {name: (network, scenarios(network, graph)) for name, network in networks.items()}
    for _, given in circuits.values():
        for scenario in given:  # One of the faults is a hang.
            object.__setattr__(scenario.run, "patience", 5_000)
    verdict = judge_together(circuits, any_simulator, builds, tmp_path)
    assert circuits_at_fault(verdict, list(networks)) == set(networks) - {"sound"}


def test_a_network_goes_on_where_it_was_without_a_reset(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = network_of("recurrent")
    calls = random_inputs(network.spec.graph, 2 * CALLS, 3)
    golden = Executor(network.spec.graph).run(calls)

    def half(name: str, part: slice, reset: bool) -> Scenario:
        given, made = (
            {name: codes[part] for name, codes in each.items()} for each in (calls, golden)
        )
        return network_scenario(network, name, given, made, reset=reset)

    first = half("first half", slice(CALLS), reset=True)
    second = half("second half", slice(CALLS, None), reset=False)
    verdict = judge_together(
        {"recurrent": (network, [first, second])}, any_simulator, builds, tmp_path
    )
    assert verdict.passed, verdict.problems


def test_calls_that_cannot_come_so_often_are_refused() -> None:
    graph = certify(recurrent())
    with pytest.raises(UserError, match="30 cycles between calls are too few: what a call keeps"):
        plan_network(graph, AMPLE, 30)


def test_states_that_no_stream_carries_are_refused() -> None:
    x = Tensor.of_type("x", (4,), INT8)
    kept = State("kept", Tensor.of_type("before", (4,), INT8), "x", np.zeros(4, np.int8))
    late = Reshape(inputs=("before",), output="y", shape=(2, 2))
    with pytest.raises(UserError, match="output 'y' depends on no input: it would leave before"):
        Network(NetworkSpec(Graph((x,), (late,), ("y",), states=(kept,))))
    now = Reshape(inputs=("x",), output="y", shape=(2, 2))
    with pytest.raises(UserError, match="state 'kept' is read by nothing"):
        Network(NetworkSpec(Graph((x,), (now,), ("y",), states=(kept,))))
