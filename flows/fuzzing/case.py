"""One network of a campaign: its graph, its circuit, and how the ends of that behave."""

import itertools
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from bittrue.flows.fuzzing.random_graphs import ROUNDINGS, Goal, RandomGraph
from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.levels import Level
from bittrue.flows.planning.plan import circuit_graph
from bittrue.golden.graph import OPERATORS, Graph
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.fabric import FABRICS
from bittrue.hdl.multipliers.catalogue import CATALOGUE
from bittrue.hdl.multipliers.mac import DSP
from bittrue.hdl.multipliers.multiplier import Multiplier
from bittrue.hdl.network.connections import Connections
from bittrue.hdl.network.spec import NetworkSpec

WIDTHS = range(1, 17)
"""Bits of codes that are sought."""

STALLS = {"none": (0, 0), "slow sink": (0, 150), "slow source": (150, 0), "both": (90, 90)}
"""Pauses of inputs and outputs, in 1/256 a cycle, by the name that tables give them."""

_LONGEST = 4
"""Layers that a network is made with at most, beside constants."""

_CERTIFIED = 0.4
"""Share of the circuits that have certificates."""

_ANY_NUMBER = 1 << 48
"""More cycles than any layer takes."""


@dataclass(frozen=True)
class Place:
    """Which network of which campaign; all of it follows from these.

    Parameters
    ----------
    seed : int
        Of the campaign.
    number : int
        Of the network, from 0.
    """

    seed: int
    number: int

    def random(self, part: int) -> np.random.Generator:
        """Return the random numbers of a part of the network, which no other part disturbs."""
        return np.random.default_rng([self.seed, self.number, part])

    @property
    def goal(self) -> Goal:
        """What is sought: each combination of operator, width and rounding in its turn."""
        goals = _goals(self.seed)
        return goals[self.number % len(goals)]

    def graph(self) -> Graph:
        """Return the network."""
        length = int(self.random(0).integers(1, _LONGEST + 1))
        return RandomGraph([self.seed, self.number, 1], self.goal).build(length)

    def codes(self, graph: Graph, samples: int) -> dict[str, Int64]:
        """Return codes for each input: the first sample of extremes, the others of all codes."""
        return random_codes(graph, samples, self.random(2))

    @property
    def stall(self) -> str:
        """How the ends of the circuit pause; a key of `STALLS`."""
        return list(STALLS)[self.number % len(STALLS)]

    def spec(self, graph: Graph, slowest: int) -> NetworkSpec:
        """Return a circuit of the planner's space, no slower than so many cycles if there is one.

        Raises
        ------
        UserError
            If an operator of the graph has no circuit, or not for these codes.
        """
        random = self.random(3)
        if random.random() < _CERTIFIED:
            graph = certify(graph)
        return random_spec(circuit_graph(graph), random, self.number, slowest)


@cache
def _goals(seed: int) -> list[Goal]:
    """Return every combination of what is sought, in an order of the seed's own."""
    every = list(itertools.product(OPERATORS, WIDTHS, ROUNDINGS))
    order = np.random.default_rng(seed).permutation(len(every))
    return [Goal(*every[place]) for place in order]


def random_codes(graph: Graph, samples: int, random: np.random.Generator) -> dict[str, Int64]:
    """Return codes for each input: the first sample of extremes, the others of all codes."""
    found = {}
    for tensor in graph.inputs:
        low, high = tensor.minimum, tensor.maximum
        codes = random.integers(low, high, (samples, *tensor.shape), endpoint=True)
        codes[0] = random.choice([low, high], tensor.shape)
        found[tensor.name] = codes
    return found


def random_spec(
    graph: Graph, random: np.random.Generator, number: int, slowest: int
) -> NetworkSpec:
    """Return any circuit of a graph: lanes, foldings, multipliers and memories of the planner's.

    Parameters
    ----------
    graph : Graph
        As `circuit_graph` returns it.
    random : Generator
    number : int
        Multipliers are taken in turn, from this one on, wherever they can multiply.
    slowest : int
        Cycles between images that are not exceeded where anything is so fast.
    """
    fabric = list(FABRICS.values())[random.integers(len(FABRICS))]
    any_kind = Circuits(graph, fabric, shell="stream")
    chosen: dict[str, Multiplier] = {}
    for name, choices in any_kind.choices.items():
        kinds = [
            each
            for each in CATALOGUE.values()
            if each.takes(choices.operands)
            and len(each.digits(choices.operands).passes) * choices.geometry.positions <= slowest
        ] or [DSP]
        chosen[name] = kinds[(number + len(chosen)) % len(kinds)]
    circuits = Circuits(graph, fabric, "stream", any_kind.streams, multipliers=chosen)
    level = _some_level(circuits, random, slowest)
    foldings = {}
    for name, choices in circuits.choices.items():
        candidates = choices.candidates(level.lanes[choices.tensor.name], level.lanes[name])
        fast = int(np.searchsorted(candidates.cycles, slowest, side="right"))
        place = int(random.integers(fast or len(candidates.cycles)))
        foldings[name] = replace(
            candidates.folding(place),
            constants=_some_memory(random),
            scales_in_logic=bool(random.integers(2)),
        )
    spec = NetworkSpec(graph, foldings, level.lanes)
    fifos = {shape.name: _some_memory(random) for shape in Connections(spec).fifos.values()}
    memories = {name: memory for name, memory in fifos.items() if memory is not None}
    return replace(spec, memories=memories)


def _some_level(circuits: Circuits, random: np.random.Generator, slowest: int) -> Level:
    levels = list(circuits.levels.within(slowest)) or list(circuits.levels.within(_ANY_NUMBER))
    return levels[random.integers(len(levels))]


def _some_memory(random: np.random.Generator) -> Memory | None:
    return [None, *Memory][random.integers(1 + len(Memory))]
