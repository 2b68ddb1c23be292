"""Every type of weights and activations, quantized from torch, in one circuit.

The network has one branch for each type, which a pattern of layer names gives its scheme.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Verdict, judge
from bittrue.flows.simulation.network import network_scenario
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.golden.quantize import LayerScheme, Scheme, WeightScheme, quantize
from bittrue.golden.quantize.agreement import compare_layers
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.streams import STALL

IMAGES = 4

_WEIGHTS: dict[str, dict[str, object]] = {
    "asymmetric": {"granularity": "tensor"},
    "trained_ternary": {"bits": 2},
}
"""What types need besides four bits."""

BRANCHES = {
    f"weight_{name}": LayerScheme(weight={"type": name, "bits": 4} | _WEIGHTS.get(name, {}))
    for name in WEIGHT_TYPES
} | {
    "weight_groups": LayerScheme(weight={"bits": 4, "granularity": "group", "group_size": 4}),
    "weight_allocated": LayerScheme(weight={"bits": 3, "bit_allocation": "aciq"}),
    "activation_asymmetric": LayerScheme(activation={"type": "asymmetric", "bits": 4}),
    "activation_symmetric": LayerScheme(activation={"type": "symmetric", "bits": 3}),
    "activation_power_of_two": LayerScheme(activation={"type": "power_of_two", "bits": 4}),
    "activation_binary": LayerScheme(activation={"type": "binary"}),
    "xnor": LayerScheme(weight={"type": "binary"}, activation={"type": "binary"}),
    "conversion": LayerScheme(input={"type": "symmetric", "bits": 3}),
}


class Branch(nn.Sequential):
    """A small network; batch normalization negates some of its channels."""

    def __init__(self) -> None:
        norm = nn.BatchNorm2d(3)
        super().__init__(nn.Conv2d(2, 3, 2, padding=1), norm, nn.ReLU(), nn.Conv2d(3, 2, 2))
        nn.init.normal_(norm.weight)


class Branches(nn.Module):
    """Branches on one input, side by side at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({name: Branch() for name in BRANCHES})

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([branch(images) for branch in self.branches.values()], dim=1)


@pytest.fixture(scope="module")
def samples() -> Tensor:
    return torch.randn(IMAGES, 2, 3, 3, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def graph(samples: Tensor) -> Graph:
    """Return the network in integers, after a comparison with the fake-quantized one."""
    layers = {f"branches.{name}.[03]": each for name, each in BRANCHES.items()}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        quantized = quantize(Branches().eval(), samples, Scheme(WeightScheme(), layers=layers))
    for layer in compare_layers(quantized.fake, quantized.graph, samples):
        assert layer.differing == 0, layer
    return quantized.graph


def run(
    network: Network, graph: Graph, samples: Tensor, simulator: str, builds: Path, work: Path
) -> Verdict:
    codes = to_codes(graph, samples)
    golden = Executor(graph).run(codes)
    stall = {"i": STALL, "o": STALL}
    scenario = network_scenario(network, "images", codes, golden, stall, seed=3)
    design = to_verilog(network, "network")
    return judge(
        Cosimulation(network, design, simulator, builds, optimisation="-O0"), [scenario], 3, work
    )


def circuit(graph: Graph) -> Network:
    generous = replace(find_budget("zynq7020"), luts=10**6, multipliers=10**4)
    return Network(plan_network(certify(graph), generous, 2000).spec)


@pytest.mark.regress_on("icarus")
def test_the_circuit_equals_the_fake_quantized_network(
    graph: Graph, samples: Tensor, simulator: str, builds: Path, tmp_path: Path
) -> None:
    verdict = run(circuit(graph), graph, samples, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared == IMAGES * 3 * 3 * 2 * len(BRANCHES)


@pytest.mark.regress
def test_a_weight_off_by_one_code_is_noticed(
    graph: Graph, samples: Tensor, simulator: str, builds: Path, tmp_path: Path
) -> None:
    """Negative control: one weight of one branch's last layer."""
    network = circuit(graph)
    layer: Any = network.layers["branches.xnor.3"]
    weights = np.array(layer.spec.matrix.weights)
    weights.flat[0] *= -1  # They are -1 or +1.
    object.__setattr__(layer.spec.matrix, "weights", weights)
    verdict = run(network, graph, samples, simulator, builds, tmp_path)
    assert not verdict.passed
    assert verdict.differing > 0
