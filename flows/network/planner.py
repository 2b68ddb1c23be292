"""The cheapest circuits of all layers for a rate, and the fastest rate that fits."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flows.network.candidates import Candidates, MatrixChoices
from flows.network.devices import Budget
from flows.network.levels import Level, Levels
from flows.network.planned import Plan, PlannedLayer
from flows.network.resources import Costs
from flows.network.selection import Limits, Selection
from golden.graph import Convolution, FullyConnected, Graph, Node
from hdl.layers.build import matrix_layer_spec
from hdl.memory import Memory
from hdl.network_spec import NetworkSpec, is_wire

Int64 = NDArray[np.int64]

_FASTEST = 16
"""Cycles of an image below which no plan is sought."""

_SLOWEST = 1 << 48
"""More cycles than any layer takes."""

_Circuits = dict[str, tuple[Candidates, Int64]]
"""Of each matrix layer, the candidates and the places of those to choose from."""


class Planner:
    """Finds circuits for one graph and device.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any, and with operands of equal shapes.
    budget : Budget
        What there is to be used.
    shell : bool
        Whether an AXI shell is counted.
    """

    def __init__(self, graph: Graph, budget: Budget, shell: bool) -> None:
        self._graph = graph
        self._budget = budget
        self._limits = Limits(budget.luts, budget.multipliers, 2 * budget.block_rams)
        self._levels = Levels(graph, budget, shell)
        self._choices = {
            node.output: MatrixChoices(
                node, graph.tensors[node.inputs[0]], graph.accumulators[node.output], budget
            )
            for node in graph.nodes
            if isinstance(node, Convolution | FullyConnected)
        }

    def fastest(self, lowest: int = _FASTEST) -> int | None:
        """Return the fewest cycles for which a plan fits; None if none does."""
        choice = self._choice(_SLOWEST, any_fitting=True)
        if choice is None:
            return None
        # Where a plan fits, one with more cycles does.
        low, high = lowest, max(lowest, choice.cycles)
        while low < high:
            middle = (low + high) // 2
            choice = self._choice(middle, any_fitting=True)
            if choice is not None:
                high = min(middle, max(choice.cycles, low))
            else:
                low = middle + 1
        return low

    def shortage(self, cycles: int | None = None) -> tuple[str, int, int] | None:
        """Return what is short, how much is needed and how much there is.

        Of the resources that alone keep a plan from fitting, that of which least is missing; where
        several are short together, the one that is short most if the others were plenty.

        Parameters
        ----------
        cycles : int, optional
            Of an image; any number by default.

        Returns
        -------
        tuple or None
            None if nothing is short, but no circuit is so fast.
        """
        level = next(self._levels.within(cycles or _SLOWEST), None)
        found = None if level is None else self._selection(level, cycles or _SLOWEST)
        if level is None or found is None:
            return None
        return found[1].shortage(level.fixed)

    def fits(self, cycles: int | None = None) -> bool:
        """Return whether a plan of at most so many cycles, or of any number, fits."""
        return self._choice(cycles or _SLOWEST, any_fitting=True) is not None

    def plan(self, cycles: int) -> Plan | None:
        """Return the cheapest plan with at most so many cycles; None if none fits."""
        choice = self._choice(cycles)
        return self._plan(choice) if choice else None

    def _choice(self, cycles: int, any_fitting: bool = False) -> "_Choice | None":
        """Return the cheapest choice with at most so many cycles, or any that fits."""
        bounds = [choices.bound(cycles) for choices in self._choices.values()]
        if any(not len(bound) for bound in bounds):
            return None
        # With more lanes, layers themselves cost no less than with as many as they like.
        relaxed = Selection(bounds, self._limits)
        best: _Choice | None = None
        for level in self._levels.within(cycles):
            if not relaxed.may_fit(level.fixed):
                continue
            if best and relaxed.least_cost(level.fixed) >= best.cost:
                continue
            choice = self._choice_with(level, cycles, any_fitting)
            if choice is not None and (best is None or choice.cost < best.cost):
                best = choice
                if any_fitting:
                    return best
        return best

    def _selection(self, level: Level, cycles: int) -> "tuple[_Circuits, Selection] | None":
        """Return what there is to choose from with these lanes; None if no circuit is so fast."""
        circuits: _Circuits = {}
        for name, choices in self._choices.items():
            candidates = choices.candidates(level.lanes[choices.tensor.name], level.lanes[name])
            places = candidates.within(cycles)
            if not len(places):
                return None
            circuits[name] = candidates, places
        parts = [candidates.options.at(places) for candidates, places in circuits.values()]
        return circuits, Selection(
            [*parts, *level.constants.values(), *level.memories.values()], self._limits
        )

    def _choice_with(self, level: Level, cycles: int, any_fitting: bool) -> "_Choice | None":
        """Return the cheapest choice with these lanes, or any that fits."""
        found = self._selection(level, cycles)
        if found is None:
            return None
        circuits, selection = found
        find = selection.fitting if any_fitting else selection.cheapest
        chosen = find(level.fixed)
        if chosen is None:
            return None
        places = {
            name: (candidates, int(places[place]))
            for (name, (candidates, places)), place in zip(circuits.items(), chosen, strict=False)
        }
        kinds = [tuple(Memory)[place] for place in chosen[len(circuits) :]]
        constants = dict(zip(level.constants, kinds, strict=False))
        memories = dict(zip(level.memories, kinds[len(constants) :], strict=True))
        return _Choice(level, places, constants, memories, selection.cost(chosen, level.fixed))

    def _plan(self, choice: "_Choice") -> Plan:
        foldings = {
            name: replace(candidates.folding(place), constants=choice.constants[name])
            for name, (candidates, place) in choice.places.items()
        }
        lanes, memories = choice.level.lanes, choice.memories
        spec = NetworkSpec(self._graph, foldings, lanes, memories=memories)
        layers = tuple(
            self._planned(node, spec, choice) for node in self._graph.nodes if not is_wire(node)
        )
        return Plan(spec, layers, choice.surroundings.single())

    def _planned(self, node: Node, spec: NetworkSpec, choice: "_Choice") -> PlannedLayer:
        cost = choice.level.costs[node.output]
        if not isinstance(node, Convolution | FullyConnected):
            cycles = choice.level.cycles[node.output]
            return PlannedLayer(node.output, node.operator(), 0, None, 0, cycles, cost.single())
        layer = matrix_layer_spec(node, spec)
        candidates, place = choice.places[node.output]
        kind = choice.constants[node.output]
        constants = choice.level.constants[node.output].costs(list(Memory).index(kind))
        return PlannedLayer(
            node.output,
            node.operator(),
            layer.geometry.products,
            layer.folding,
            layer.multipliers,
            layer.cycles_per_image(),
            (cost + candidates.options.costs(place) + constants).single(),
        )


@dataclass(frozen=True, eq=False)
class _Choice:
    """Lanes, a circuit for each matrix layer, and what all that costs."""

    level: Level
    places: dict[str, tuple[Candidates, int]]
    constants: dict[str, Memory]
    memories: dict[str, Memory]
    cost: int

    @property
    def surroundings(self) -> Costs:
        """What the shell and the FIFOs cost."""
        options = self.level.memories
        chosen = [
            options[name].costs(list(Memory).index(kind)) for name, kind in self.memories.items()
        ]
        return sum(chosen, self.level.shell)

    @property
    def cycles(self) -> int:
        """Cycles between images."""
        matrices = [int(candidates.cycles[place]) for candidates, place in self.places.values()]
        return max([self.level.slowest, *matrices])
