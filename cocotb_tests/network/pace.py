"""Whether images come as often as planned."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Run
from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.side_by_side import SideBySide
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.network.random_networks import random_ends, random_network

_CYCLES = 1_500
"""For how long a network runs at least, filling included."""

_PATIENCE = 20_000

AMPLE = replace(find_budget("zynq7020"), luts=10**7, multipliers=10**5, block_rams=10**5)
"""A device on which every rate fits, so that it is the layers that set the pace."""


@dataclass(frozen=True, eq=False)
class Paced:
    """A network and the cycles between images that are planned for it."""

    network: Network
    planned: int

    @classmethod
    def of(cls, name: str, graph: Graph, cycles: int | None = None) -> "Paced":
        """Plan a graph for a rate, or for the highest one; the name is that of its ROM files."""
        plan = _plan(graph, cycles)
        return cls(Network(replace(plan.spec, prefix=f"{name}_")), plan.cycles)

    @property
    def images(self) -> int:
        """How many images show the pace."""
        return max(8, _CYCLES // self.planned)


def random_paced(seed: int, several_ends: bool = False) -> Paced:
    """Return a random network at a random rate."""
    graph = random_ends(seed) if several_ends else random_network(seed)
    random = np.random.default_rng([seed, 1])
    elements = max(tensor.elements for tensor in graph.inputs)
    cycles = None if random.random() < 0.3 else 8 + int(elements * random.uniform(0.5, 3))
    return Paced.of(f"random_{seed}", graph, cycles)


def wrong_paces(
    networks: Mapping[str, Paced], simulator: str, builds: Path, work: Path
) -> dict[str, Int64]:
    """Return the intervals of networks whose images do not come exactly as often as planned.

    Nothing waits for anything but the networks. Intervals are those of the second half of the
    images: the first ones fill FIFOs.

    Parameters
    ----------
    networks : mapping of str to Paced
        By name; they run side by side.
    """
    inputs, outputs = {}, {}
    for name, paced in networks.items():
        network, images = paced.network, paced.images
        spec = network.spec
        for tensor, port in spec.input_streams.items():
            beats = np.zeros((images * spec.beats_of(tensor), spec.lanes_of(tensor)), np.int64)
            inputs[f"{name}_{port}"] = lanes_of("", beats)
        for tensor, port in spec.output_streams.items():
            outputs[f"{name}_{port}"] = images * spec.beats_of(tensor)
    bank = SideBySide({name: paced.network for name, paced in networks.items()})
    design = to_verilog(bank, "paced")
    cosimulation = Cosimulation(bank, design, simulator, builds, optimisation="-O0")
    (outcome,) = cosimulation.run([Run(inputs, outputs, patience=_PATIENCE)], work)
    wrong = {}
    for name, paced in networks.items():
        ends = []
        for port in paced.network.spec.output_streams.values():
            cycles = outcome.cycles[f"{name}_{port}"]
            assert len(cycles) == outputs[f"{name}_{port}"], f"{name} hung"
            ends.append(cycles.reshape(paced.images, -1)[:, -1])
        intervals = np.diff(np.max(ends, axis=0)[paced.images // 2 :])
        assert len(intervals) > 1
        if (intervals != paced.planned).any():
            wrong[name] = intervals
    return wrong


def _plan(graph: Graph, cycles: int | None) -> Plan:
    if cycles is not None:
        try:
            return plan_network(graph, AMPLE, cycles)
        except UserError:
            pass  # No folding is as fast as that.
    return plan_network(graph, AMPLE)
