"""Whole networks in both simulators: mixed precision, branches, stalls, and faults."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Scenario, judge
from bittrue.flows.simulation.network import Pace, first_parting, network_scenario
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, FixedPoint, Graph, Tensor, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal
from bittrue.hdl.layers.constant import ConstantSource
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.bench.streams import STALL
from cocotb_tests.falsified import falsify
from cocotb_tests.network.builder import INT8, Builder

UINT4, UINT2, UINT1 = (
    IntegerType(4, False),
    IntegerType(2, False),
    IntegerType(1, False),
)
INT16 = IntegerType(16, True)
BIPOLAR = Encoding(bipolar=True)
SAME = ((1, 1), (1, 1))


def mixed_network() -> Graph:
    """Return 8, 4, 2 and 1 bit layers in one pipeline, with a residual and a concatenation."""
    b = Builder((6, 5, 3))
    first = b.matrix(
        Convolution, "x", (4, 3, 3, 3), INT8, UINT4, window=Window((3, 3), padding=SAME)
    )
    four = b.matrix(
        Convolution,
        first,
        (4, 3, 3, 4),
        IntegerType(4, True),
        UINT4,
        window=Window((3, 3), padding=SAME),
        input_encoding=Encoding(2),
    )
    added = b.scaled(
        Add,
        UINT4,
        1,
        inputs=(first, four),
        addends=(Addend(Encoding(1), 3), Addend(Encoding(2), 5)),
    )
    two = b.matrix(
        Convolution,
        added,
        (6, 1, 1, 4),
        IntegerType(2, True),
        UINT2,
        window=Window((1, 1), stride=(2, 2)),
    )
    strided = b.matrix(
        Convolution,
        added,
        (4, 3, 3, 1),
        IntegerType(3, True),
        UINT2,
        window=Window((3, 3), stride=(2, 2), padding=SAME),
        groups=4,
    )
    joined = b.add(Concat(inputs=(two, strided), output="joined", axis=2))
    pooled = b.add(
        MaxPool(inputs=(joined,), output="pooled", window=Window((2, 2)), minimum=0, maximum=3)
    )
    signs = b.matrix(
        Convolution, pooled, (8, 1, 1, 10), IntegerType(2, True), UINT1, window=Window((1, 1))
    )
    flat = b.add(Reshape(inputs=(signs,), output="flat", shape=(32,)))
    binary = b.matrix(
        FullyConnected,
        flat,
        (16, 32),
        UINT1,
        UINT1,
        input_encoding=BIPOLAR,
        weight_encoding=BIPOLAR,
    )
    last = b.matrix(FullyConnected, binary, (10, 16), INT8, INT8, input_encoding=BIPOLAR)
    return b.graph(last)


def unequal_branches() -> Graph:
    """Return branches of which one needs a whole image before the other's first element."""
    b = Builder((4, 4, 2))
    far = "x"
    for _ in range(2):
        far = b.matrix(
            Convolution, far, (2, 3, 3, 2), INT8, INT8, window=Window((3, 3), padding=SAME)
        )
    added = b.scaled(Add, INT8, 1, inputs=("x", far), addends=(Addend(), Addend()))
    mean = b.scaled(
        Mean, INT8, 1, inputs=(added,), axes=(0, 1), keep_dimensions=False, encoding=Encoding()
    )
    return b.graph(b.add(ArgMax(inputs=(mean,), output="class")))


def constant(b: Builder, name: str, shape: tuple[int, ...], kind: IntegerType) -> str:
    codes = b.rng.integers(kind.minimum, kind.maximum, shape, endpoint=True)
    return b.add(Constant(inputs=(), output=name, values=codes, type=kind))


def pools_and_constants() -> Graph:
    """Return overlapping windows, and constants of every shape, one of them read twice."""
    b = Builder((5, 6, 4))
    per_channel = constant(b, "per_channel", (4,), INT8)
    average = b.add(
        AveragePool(
            inputs=("x",),
            output="average",
            window=Window((3, 3), padding=SAME),
            minimum=-100,
            maximum=127,
        )
    )
    added = b.scaled(
        Add, INT8, 1, inputs=(average, per_channel), addends=(Addend(), Addend(Encoding(3), 2))
    )
    largest = b.add(
        MaxPool(
            inputs=(added,),
            output="largest",
            window=Window((2, 3), padding=((0, 1), (1, 1))),
            minimum=-128,
            maximum=120,
        )
    )
    one = constant(b, "one", (1,), UINT4)
    whole = constant(b, "whole", (5, 6, 4), UINT4)
    scaled = b.scaled(
        Multiply, INT8, 1, inputs=(largest, whole), encodings=(Encoding(5), Encoding(7))
    )
    moved = b.scaled(Add, INT8, 1, inputs=(one, scaled), addends=(Addend(), Addend(Encoding(), 3)))
    column = b.add(
        Constant(
            inputs=(),
            output="column",
            values=b.rng.integers(-9, 9, (5, 1, 4)),
            type=INT8,
        )
    )
    joined = b.add(Concat(inputs=(column, moved), output="joined", axis=1))
    again = b.scaled(
        Multiply, INT8, 1, inputs=(per_channel, joined), encodings=(Encoding(), Encoding(-2))
    )
    return b.graph(again)


def sixteen_bits() -> Graph:
    """Return 16-bit codes with 8-bit weights, added, requantized by a wide multiplier, softmax."""
    b = Builder((3, 3, 2))
    b.inputs = (Tensor.of_type("x", (3, 3, 2), INT16),)
    window = Window((3, 3), padding=SAME)
    first = b.matrix(Convolution, "x", (2, 3, 3, 2), INT8, INT16, window=window)
    addends = (Addend(Encoding(), 1 << 29, 16, 1), Addend(Encoding(), 987_654_321, 16, 0, True))
    added = b.scaled(Add, INT16, 1, inputs=(first, "x"), addends=addends)
    flat = b.add(Reshape(inputs=(added,), output="flat", shape=(18,)))
    dense = FullyConnected(
        inputs=(flat,),
        output="dense",
        weight=b.rng.integers(-127, 128, (5, 18)),
        weight_type=INT8,
        bias=b.rng.integers(-5000, 5000, 5),
    )
    bounds = Graph(b.inputs, (*b.nodes, dense), ("dense",)).accumulators["dense"]
    rounding = Rounding.SINGLE_HALF_AWAY
    spec = RequantSpec(bounds.type, INT16, 45, maximum_exponent=0, roundings=(rounding,))
    multiplier = b.rng.integers(1 << 44, 1 << 45, 5)
    scale = FixedPoint(RequantChannels(spec, multiplier, [-9, -9, -10, -8, -9]), rounding)
    logits = b.add(replace(dense, requantization=scale))
    exponential, reciprocal = softmax16_exponential(3e-4, 1.0), softmax16_reciprocal(np.float64)
    return b.graph(
        b.add(
            Softmax16(inputs=(logits,), output="p", exponential=exponential, reciprocal=reciprocal)
        )
    )


def network_of(graph: Graph, cycles: int, taps: bool = False) -> Network:
    plan = plan_network(certify(graph), find_budget("zynq7020"), cycles)
    return Network(plan.spec, taps=taps)


def stalled_scenarios(network: Network, images: int) -> list[Scenario]:
    """Return images at full speed and under pauses, with what golden makes of them."""
    graph = network.spec.graph
    given = random_inputs(network.spec.graph, images, 3)
    golden = Executor(graph).run(given, [*network.taps.values(), *graph.outputs])
    scenarios = [network_scenario(network, "full speed", given, golden)]
    for name, stall in (
        ("input", {"i": STALL}),
        ("output", {"o": 240}),
        ("both", {"i": STALL, "o": STALL}),
    ):
        scenarios.append(network_scenario(network, name, given, golden, stall, seed=9))
    return scenarios


NETWORKS = pytest.mark.parametrize(
    ("make", "cycles"),
    [(mixed_network, 400), (unequal_branches, 200), (pools_and_constants, 100), (sixteen_bits, 90)],
    ids=["mixed", "branches", "pools", "16 bits"],
)


@NETWORKS
@pytest.mark.regress_on("verilator")
def test_equal_golden(make: Any, cycles: int, simulator: str, builds: Path, tmp_path: Path) -> None:
    network = network_of(make(), cycles)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    verdict = judge(cosimulation, stalled_scenarios(network, 12), 1, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared == 4 * 12 * network.spec.outputs[0].elements


@NETWORKS
def test_every_port_has_a_name_of_its_own(make: Any, cycles: int) -> None:
    verilog = to_verilog(network_of(make(), cycles), "network").verilog
    declared = re.findall(
        r"^  (?:input|output) (?:wire|reg) (?:\[\S+\] )?(\w+),?$", verilog, re.MULTILINE
    )
    assert len(declared) > 100
    assert [name for name in declared if re.match(r"port_\d", name)] == []


def test_images_come_as_often_as_planned(simulator: str, builds: Path, tmp_path: Path) -> None:
    """Pools whose windows overlap set the pace, with more beats inside than at their inputs."""
    b = Builder((5, 6, 4))
    window = Window((3, 3), padding=SAME)
    clamp = {"minimum": -100, "maximum": 120}
    b.add(AveragePool(inputs=("x",), output="average", window=window, **clamp))
    channels = constant(b, "channels", (4,), INT8)
    added = b.scaled(Add, INT8, 1, inputs=("average", channels), addends=(Addend(), Addend()))
    graph = b.graph(b.add(MaxPool(inputs=(added,), output="largest", window=window, **clamp)))
    plan = plan_network(certify(graph), find_budget("zynq7020"), 200)
    network = Network(plan.spec)
    slowest = max(plan.layers, key=lambda layer: layer.cycles)
    assert slowest.operator == "average_pool"
    assert slowest.cycles > graph.inputs[0].elements // plan.spec.lanes_of("x")
    given = random_inputs(network.spec.graph, 6, 3)
    scenario = network_scenario(network, "images", given, Executor(graph).run(given))
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    (outcome,) = cosimulation.run([scenario.run], tmp_path)
    assert (Pace.of(outcome, network, 6).intervals == plan.cycles).all()


def test_joined_branches_keep_the_pace(simulator: str, builds: Path, tmp_path: Path) -> None:
    """Branches of one lane catch up with a concatenation of two while others have their turn."""
    b = Builder((8, 8, 2))
    branches = [
        b.matrix(Convolution, "x", (channels, 1, 1, 2), INT8, INT8, window=Window((1, 1)))
        for channels in (4, 4, 2, 2)
    ]
    graph = b.graph(b.add(Concat(inputs=tuple(branches), output="joined", axis=2)))
    plan = plan_network(certify(graph), find_budget("zynq7020"), 384)
    assert [plan.spec.lanes_of(name) for name in (*branches, "joined")] == [1, 1, 1, 1, 2]
    network = Network(plan.spec)
    given = random_inputs(network.spec.graph, 4, 3)
    scenario = network_scenario(network, "images", given, Executor(graph).run(given))
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    (outcome,) = cosimulation.run([scenario.run], tmp_path)
    assert plan.cycles == 384
    assert (Pace.of(outcome, network, 4).intervals == plan.cycles).all()


def test_constants_that_come_a_beat_early_are_noticed(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = network_of(pools_and_constants(), 200)
    faulty = next(layer for layer in network.layers.values() if isinstance(layer, ConstantSource))
    falsify(faulty.spec, beats=np.roll(faulty.spec.beats, 1, axis=0))
    graph = pools_and_constants()
    given = random_inputs(network.spec.graph, 2, 3)
    scenario = network_scenario(network, "images", given, Executor(graph).run(given))
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    verdict = judge(cosimulation, [scenario], 1, tmp_path)
    assert not verdict.passed
    assert verdict.differing > 0


def test_every_kind_of_multiplier_is_chosen_by_width() -> None:
    plan = plan_network(certify(mixed_network()), find_budget("zynq7020"), 400)
    kinds = {layer.folding.multiplier.name for layer in plan.layers if layer.folding}
    assert kinds == {"packed_dsp48e1", "lut", "xnor"}


def test_the_first_layer_at_fault_is_named(simulator: str, builds: Path, tmp_path: Path) -> None:
    network = network_of(unequal_branches(), 200, taps=True)
    graph = network.spec.graph
    faulty: Any = network.layers[graph.nodes[1].output]
    weights = faulty.spec.matrix.weights
    object.__setattr__(faulty.spec.matrix, "weights", weights[:, ::-1])
    given = random_inputs(network.spec.graph, 2, 3)
    golden = Executor(graph).run(given, [*network.taps.values(), *graph.outputs])
    scenario = network_scenario(network, "images", given, golden)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    outcome = cosimulation.run([scenario.run], tmp_path)[0]
    parting = first_parting(network, outcome, golden)
    assert parting is not None
    assert (parting.layer, parting.image) == ("layer_1_convolution", 0)


def test_a_fifo_too_shallow_is_a_hang_that_is_reported(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = network_of(unequal_branches(), 200)
    falsify(network.connections, depths=dict.fromkeys(network.connections.depths, 4))
    given = random_inputs(network.spec.graph, 2, 3)
    golden = Executor(network.spec.graph).run(given)
    scenario = network_scenario(network, "images", given, golden)
    object.__setattr__(scenario.run, "patience", 5_000)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    verdict = judge(cosimulation, [scenario], 1, tmp_path)
    assert not verdict.passed
    assert "hung" in verdict.problems[0]


def test_what_has_no_circuit_is_refused_by_name() -> None:
    b = Builder((2, 2, 2), kind=IntegerType(1, False))
    encoding = Encoding(bipolar=True)
    signs = b.add(SumPool(inputs=("x",), output="t", window=Window((2, 1)), encoding=encoding))
    with pytest.raises(UserError, match="layer 0, sum_pool 't': its input is bipolar"):
        network_of(b.graph(signs), 100)


def test_what_does_not_fit_the_device_names_the_rate_that_does() -> None:
    b = Builder((16, 16, 64))
    wide = b.matrix(
        Convolution, "x", (64, 3, 3, 64), INT8, INT8, window=Window((3, 3), padding=SAME)
    )
    with pytest.raises(UserError, match=r"300 cycles .* it has enough for \d+ cycles"):
        plan_network(certify(b.graph(wide)), find_budget("zynq7020"), 300)
