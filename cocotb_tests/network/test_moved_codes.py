"""Networks in which codes are moved, repeated, set apart and left out, in both simulators."""

from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import judge
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Node, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.lowering.certify import certify
from bittrue.golden.lowering.movements import (
    depth_to_space,
    picked,
    rearranged,
    repeated,
    set_apart,
    space_to_depth,
)
from bittrue.hdl.layers.slice import Slice
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.bench.streams import STALL
from cocotb_tests.falsified import falsify
from cocotb_tests.network.builder import INT8, Builder

IMAGES = 5


def appended(b: Builder, nodes: list[Node] | None) -> str:
    assert nodes is not None
    for node in nodes:
        b.add(node)
    return nodes[-1].output


def transposed_convolution() -> Graph:
    """Return one that makes an image three times as high and twice as wide."""
    b = Builder((3, 4, 4))
    apart = appended(b, set_apart("x", (3, 4, 4), (3, 2), 0, "apart"))
    window = Window((3, 3), padding=((2, 0), (2, 0)))
    return b.graph(b.matrix(Convolution, apart, (4, 3, 3, 4), INT8, INT8, window=window))


def pixels_to_blocks() -> Graph:
    """Return pixels that become blocks and channels, both ways, and a part of them at last."""
    b = Builder((3, 2, 8))
    larger = appended(b, depth_to_space("x", (3, 2, 8), 2, "blocks"))
    twice = appended(b, repeated(larger, (6, 4, 2), (2, 3), "repeated"))
    deep = appended(b, space_to_depth(twice, (12, 12, 2), 2, "deep"))
    columns = appended(b, depth_to_space(deep, (6, 6, 8), 2, "columns", columns_first=True))
    places = range(1, 12, 3), range(2, 11)
    return b.graph(appended(b, picked(columns, (12, 12, 2), places, "part")))


def other_sizes() -> Graph:
    """Return an image that is resized, bordered by its own rows, turned, and added to itself."""
    b = Builder((4, 5, 4))
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    image = b.matrix(Convolution, "x", (4, 3, 3, 4), INT8, INT8, window=window)
    rows = Interpolation((0, 0, 1, 1, 2, 2, 3), (0, 32, 0, 32, 0, 32, 0))
    columns = Interpolation((0, 0, 1, 2, 2, 3, 4), (0, 43, 21, 0, 43, 21, 0))
    larger = b.scaled(
        ResizeBilinear, INT8, 1, inputs=(image,), rows=rows, columns=columns, fraction_bits=6
    )
    places = {0: [2, 1, *range(7)], 1: [*range(7), 6, 5]}
    bordered = appended(b, list(rearranged(larger, (7, 7, 4), places, "bordered")))
    turned = b.add(Transpose(inputs=(bordered,), output="turned", permutation=(1, 0, 2)))
    return b.graph(b.add(MinMax(inputs=(turned, bordered), output="most", greatest=True)))


NETWORKS = {
    "transposed": (transposed_convolution, 700),
    "blocks": (pixels_to_blocks, 300),
    "sizes": (other_sizes, 350),
}


def planned(name: str) -> Plan:
    make, cycles = NETWORKS[name]
    return plan_network(certify(make()), find_budget("zynq7020"), cycles)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.regress_on("verilator")
def test_equal_golden_at_the_planned_pace(
    name: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    plan = planned(name)
    network = Network(plan.spec)
    given = random_inputs(network.spec.graph, IMAGES, 3)
    golden = Executor(network.spec.graph).run(given)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    manners: dict[str, dict[str, int]] = {
        "full speed": {},
        "input": {"i": STALL},
        "output": {"o": 240},
        "both": {"i": STALL, "o": STALL},
    }
    scenarios = [
        network_scenario(network, manner, given, golden, stall, seed=9)
        for manner, stall in manners.items()
    ]
    verdict = judge(cosimulation, scenarios, 1, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared == len(manners) * IMAGES * network.spec.outputs[0].elements
    (outcome,) = cosimulation.run([scenarios[0].run], tmp_path)
    assert (Pace.of(outcome, network, IMAGES).intervals <= plan.cycles).all()


def test_a_part_that_begins_elsewhere_is_noticed(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = Network(planned("blocks").spec)
    faulty: Any = next(each for each in network.layers.values() if isinstance(each, Slice))
    channels = faulty.spec.taken[-1]
    moved = type(channels)(channels.length, channels.begin + 1, channels.size, channels.stride)
    falsify(faulty.spec, taken=(*faulty.spec.taken[:-1], moved))
    given = random_inputs(network.spec.graph, 2, 3)
    golden = Executor(network.spec.graph).run(given)
    scenario = network_scenario(network, "images", given, golden)
    object.__setattr__(scenario.run, "patience", 5_000)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    assert not judge(cosimulation, [scenario], 1, tmp_path).passed
