"""Small networks of every width, and every plan that the planner can make for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from bittrue.flows.planning.devices import Budget, find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.network import network_scenario
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.network.circuit import Network
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.bench.side_by_side import Circuits
from cocotb_tests.network.builder import INT8, Builder

WIDTHS = (1, 2, 3, 4, 8)
"""Bits of weights and activations."""

IMAGES = 6

_SLOWEST = 1 << 40
"""Cycles between images that every plan meets."""


def dense_network(width: int) -> Graph:
    """Return two dense layers; the requantizers of the first take as many words as channels."""
    b = Builder((24,), kind=_code(width))
    hidden = b.matrix(FullyConnected, "x", (12, 24), **_operands(width))
    options = _operands(width) | {"output": INT8}
    return b.graph(b.matrix(FullyConnected, hidden, (6, 12), **options))


def convolutional_network(width: int) -> Graph:
    """Return a convolution with a border, where codes have a zero, and one without."""
    b = Builder((4, 5, 2), kind=_code(width))
    padding = ((0, 0), (0, 0)) if width == 1 else ((1, 1), (1, 1))
    hidden = b.matrix(
        Convolution, "x", (4, 3, 3, 2), window=Window((3, 3), padding=padding), **_operands(width)
    )
    options = _operands(width) | {"output": INT8}
    return b.graph(b.matrix(Convolution, hidden, (6, 2, 1, 4), window=Window((2, 1)), **options))


def depthwise_network(width: int) -> Graph:
    """Return a depthwise convolution with two outputs a channel, and a pointwise one."""
    b = Builder((4, 4, 4), kind=_code(width))
    hidden = b.matrix(
        Convolution, "x", (8, 3, 3, 1), window=Window((3, 3)), groups=4, **_operands(width)
    )
    options = _operands(width) | {"output": INT8}
    return b.graph(b.matrix(Convolution, hidden, (3, 1, 1, 8), window=Window((1, 1)), **options))


NETWORKS: dict[str, Callable[[int], Graph]] = {
    "dense": lambda width: certify(dense_network(width)),
    "dense_generic": dense_network,
    "convolutional": lambda width: certify(convolutional_network(width)),
    "depthwise": lambda width: certify(depthwise_network(width)),
}
"""By name, made from a width; ``generic`` without certificates, so with wide multipliers."""


def budgets() -> Iterator[Budget]:
    """Yield devices with either kind of packed multiplier, and one with few multipliers."""
    yield find_budget("zynq7020")
    yield find_budget("ecp5-85f")
    yield replace(find_budget("zynq7020"), multipliers=12)


def every_plan(graph: Graph) -> list[Plan]:
    """Return every different plan for a network, each device's default one first.

    A plan for fewer cycles than one has, and so on, until there is none.
    """
    plans: dict[str, Plan] = {}

    def note(plan: Plan) -> Plan:
        spec = plan.spec
        key = repr((sorted(spec.foldings.items()), sorted(spec.lanes.items())))
        return plans.setdefault(key, plan)

    for budget in budgets():
        note(plan_network(graph, budget))
    for budget in budgets():
        cycles = _SLOWEST
        while cycles > 0:
            try:
                cycles = note(plan_network(graph, budget, cycles)).cycles - 1
            except UserError:  # There is none so fast.
                break
    return list(plans.values())


def circuits(named: Iterable[tuple[str, Graph, Plan]]) -> Circuits:
    """Return the networks of plans, each with images and what golden makes of them."""
    found: Circuits = {}
    for name, graph, plan in named:
        spec = replace(plan.spec, prefix=f"{name}_")
        network = Network(spec)
        images = random_inputs(spec.graph, IMAGES, seed=3)
        golden = Executor(graph).run(images)
        found[name] = network, [network_scenario(network, "images", images, golden)]
    return found


def _code(width: int) -> IntegerType:
    return IntegerType(width, width > 1)


def _operands(width: int) -> dict[str, Any]:
    """Return the types of a layer's operands and output; one bit stands for -1 and +1."""
    encoding = Encoding(bipolar=True) if width == 1 else Encoding()
    return {
        "weights": _code(width),
        "output": _code(width),
        "input_encoding": encoding,
        "weight_encoding": encoding,
    }
