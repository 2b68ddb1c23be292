"""Networks with several inputs and outputs, each a stream that pauses when it likes."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Scenario, Verdict, judge
from bittrue.flows.simulation.bench.side_by_side import SideBySide, merged
from bittrue.flows.simulation.network import network_scenario
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Tensor, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.reshape import Reshape
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.ends import stream_names
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.falsified import falsify
from cocotb_tests.network.builder import INT8, Builder
from cocotb_tests.network.pace import AMPLE, random_paced, wrong_paces
from cocotb_tests.network.random_networks import random_ends

_POINT = Window((1, 1))
IMAGES = 3


def detector() -> Graph:
    """Return two heads at two sizes of an image, the larger of which goes on to the smaller."""
    b = Builder((6, 6, 2))
    stem = b.matrix(Convolution, "x", (4, 1, 1, 2), INT8, INT8, window=_POINT)
    wide = b.matrix(Convolution, stem, (3, 1, 1, 4), INT8, INT8, window=_POINT)
    half = Window((2, 2), stride=(2, 2))
    b.add(MaxPool(inputs=(stem,), output="half", window=half, minimum=-128, maximum=127))
    small = b.matrix(Convolution, "half", (6, 1, 1, 4), INT8, INT8, window=_POINT)
    return b.graph(small, wide)


def siamese() -> Graph:
    """Return two inputs of one shape whose features are compared, and both features."""
    b = Builder((4, 4, 2))
    b.add_input("y", (4, 4, 2))
    both = [b.matrix(Convolution, name, (3, 1, 1, 2), INT8, INT8, window=_POINT) for name in "xy"]
    b.add(Reshape(inputs=(both[1],), output="features", shape=(16, 3)))
    addends = (Addend(), Addend(subtract=True))
    return b.graph(b.scaled(Add, INT8, 1, inputs=tuple(both), addends=addends), both[0], "features")


def passed_on() -> Graph:
    """Return an input that is an output, beside what is made of it; the layers are faster."""
    b = Builder((4, 4, 4))
    pooled = MaxPool(
        inputs=("x",), output="pooled", window=Window((4, 4)), minimum=-128, maximum=127
    )
    b.add(pooled)
    return b.graph("x", "pooled")


def crossed() -> Graph:
    """Return two inputs one above the other, and the other above the one: each waits for each."""
    b = Builder((9, 4, 4))
    b.add_input("y", (9, 4, 4))
    b.add(Concat(inputs=("x", "y"), output="down", axis=0))
    b.add(Concat(inputs=("y", "x"), output="up", axis=0))
    return b.graph("down", "up")


GRAPHS: dict[str, Callable[[], Graph]] = {
    "detector": detector,
    "siamese": siamese,
    "passed": passed_on,
    "crossed": crossed,
    **{f"random{seed}": partial(random_ends, seed) for seed in (5, 11)},
}


def network_of(name: str, graph: Graph) -> Network:
    plan = plan_network(graph, AMPLE)
    return Network(replace(plan.spec, prefix=f"{name}_"))


def manners(network: Network) -> list[dict[str, int]]:
    """Return pauses: none, at each stream alone, at all unequally."""
    spec = network.spec
    ports = [*spec.input_streams.values(), *spec.output_streams.values()]
    slow = [{port: 200} for port in (ports[0], ports[-1], ports[-2])]
    return [{}, *slow, {port: 40 + 60 * place % 200 for place, port in enumerate(ports)}]


def scenarios_of(network: Network, images: int = IMAGES) -> list[Scenario]:
    given = random_inputs(network.spec.graph, images, 3)
    golden = Executor(network.spec.graph).run(given)
    return [
        network_scenario(network, f"manner {place}", given, golden, stall, seed=9 + place)
        for place, stall in enumerate(manners(network))
    ]


def judged(network: Network, scenarios: list[Scenario], simulator: str, *folders: Path) -> Verdict:
    builds, work = folders
    design = to_verilog(network, "network")
    circuit = Cosimulation(network, design, simulator, builds, optimisation="-O0")
    return judge(circuit, scenarios, 1, work)


@pytest.mark.regress_on("verilator")
def test_equal_golden_however_each_stream_pauses(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    networks = {name: network_of(name, make()) for name, make in GRAPHS.items()}
    bank = SideBySide(networks)
    circuit = Cosimulation(bank, to_verilog(bank, "ends"), simulator, builds, optimisation="-O0")
    scenarios = merged({name: scenarios_of(network) for name, network in networks.items()})
    verdict = judge(circuit, scenarios, 1, tmp_path)
    assert verdict.problems == []
    codes = sum(tensor.elements for network in networks.values() for tensor in network.spec.outputs)
    assert verdict.compared == 5 * IMAGES * codes


@pytest.mark.regress
def test_images_come_as_often_as_planned(fast_simulator: str, builds: Path, tmp_path: Path) -> None:
    networks = {f"network{seed}": random_paced(seed, several_ends=True) for seed in (20, 22, 24)}
    assert wrong_paces(networks, fast_simulator, builds, tmp_path) == {}


def test_exchanged_outputs_are_noticed(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    network = network_of("crossed", crossed())
    (scenario, *_) = scenarios_of(network, 1)
    falsify(network.spec, output_streams={"down": "o_up", "up": "o_down"})
    verdict = judged(network, [scenario], any_simulator, builds, tmp_path)
    assert not verdict.passed
    assert "beats of o_down differ" in verdict.problems[0]
    assert "beats of o_up differ" in verdict.problems[1]


def test_one_wrong_code_of_one_output_is_noticed(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = network_of("siamese", siamese())
    given = random_inputs(network.spec.graph, 2, 3)
    golden = {name: codes.copy() for name, codes in Executor(network.spec.graph).run(given).items()}
    golden["features"][1, 7, 2] ^= 1
    scenario = network_scenario(network, "images", given, golden)
    verdict = judged(network, [scenario], any_simulator, builds, tmp_path)
    assert verdict.differing == 1
    assert "image 1, pixel 7, channels from" in verdict.problems[0]
    assert "o_features" in verdict.problems[0]


def test_without_its_fifos_each_input_waits_for_the_other(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    network = network_of("crossed", crossed())
    falsify(network.connections, depths=dict.fromkeys(network.connections.depths, 4))
    (scenario, *_) = scenarios_of(network, 1)
    object.__setattr__(scenario.run, "patience", 2_000)
    verdict = judged(network, [scenario], any_simulator, builds, tmp_path)
    assert not verdict.passed
    assert "hung" in verdict.problems[0]


@pytest.mark.parametrize(
    ("tensors", "streams"),
    [
        (["scores:0"], ["o"]),
        (["a/b;c", "A.B_C", "9"], ["o_a_b_c", "o_a_b_c_2", "o_9"]),
        (["é", "_", "a_2", "a", "A"], ["o_tensor", "o_tensor_2", "o_a_2", "o_a", "o_a_3"]),
        (["x" * 99, "y"], ["o_" + "x" * 64, "o_y"]),
    ],
)
def test_streams_are_named_after_their_tensors(tensors: list[str], streams: list[str]) -> None:
    assert stream_names("o", tensors) == dict(zip(tensors, streams, strict=True))


def test_ends_that_no_stream_carries_are_refused() -> None:
    b = Builder((2, 2, 2))
    codes = np.zeros((2, 2, 2), dtype=np.int64)
    b.add(Constant(inputs=(), output="still", values=codes, type=INT8))
    dense = b.matrix(FullyConnected, "x", (2, 2), INT8, INT8)
    with pytest.raises(UserError, match="output 'still' depends on no input"):
        Network(plan_network(b.graph(dense, "still"), find_budget("zynq7020"), 300).spec)
    unread = Graph((*b.inputs, Tensor.of_type("u", (2,), INT8)), tuple(b.nodes[1:]), (dense,))
    with pytest.raises(UserError, match="input 'u' is read by nothing"):
        Network(plan_network(unread, find_budget("zynq7020"), 300).spec)
