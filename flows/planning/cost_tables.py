"""What layers cost in hardware at each width, as tables for the allocation of bits."""

from collections.abc import Mapping
from dataclasses import replace

from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.devices import Budget
from bittrue.flows.planning.planner import Planner
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.constant_operands import spread_constants

Bits = tuple[int, int]
"""Bits of weights, and of the codes that layers read."""

HARDWARE_COSTS = ("luts", "multipliers", "block_rams", "cycles")
"""Names of the tables: resources of `golden.quantize.allocation`'s layers, and their cycles."""

_UNLIMITED = 1 << 30


def hardware_costs(
    graphs: Mapping[Bits, Graph], budget: Budget, cycles: int
) -> dict[str, dict[tuple[str, Bits], float]]:
    """Return the planner's estimate for each layer with weights and each width, by cost.

    Parameters
    ----------
    graphs : mapping of (int, int) to Graph
        The network with all layers of one width, by that width of weights and codes.
    budget : Budget
        Of the device, whose kinds of resources count; how many it has does not.
    cycles : int
        Between images; every layer gets the smallest circuit that is fast enough.

    Raises
    ------
    UserError
        If no folding of the network is fast enough.
    """
    unlimited = replace(budget, luts=_UNLIMITED, multipliers=_UNLIMITED, block_rams=_UNLIMITED)
    tables: dict[str, dict[tuple[str, Bits], float]] = {name: {} for name in HARDWARE_COSTS}
    for bits, graph in graphs.items():
        spread = spread_constants(graph)
        plan = Planner(Circuits(spread, budget.fabric, shell="stream"), unlimited).cheapest(cycles)
        if plan is None:
            raise UserError(f"no circuit of the network takes at most {cycles:,} cycles")
        for layer in plan.layers:
            node = graph.producer(layer.name)
            if layer.folding is None or node is None:
                continue
            resources = layer.resources
            # What the network's inputs are, for example, is the same in all of them.
            read = bits[0], graph.tensors[node.inputs[0]].type.width
            estimates = (
                resources.luts,
                resources.multipliers,
                resources.block_rams,
                layer.cycles,
            )
            for name, value in zip(HARDWARE_COSTS, estimates, strict=True):
                tables[name][layer.name, read] = float(value)
    return tables
