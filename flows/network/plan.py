"""The folding of every layer, for a device or for a rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.network.candidates import Candidates, MatrixChoices
from flows.network.devices import Budget
from flows.network.levels import Level, Levels
from flows.network.resources import Costs, Resources
from flows.network.selection import Limits, Selection
from golden.constant_operands import spread_constants
from golden.errors import UserError
from golden.graph import Convolution, FullyConnected, Graph, Node
from hdl.layers.build import matrix_layer_spec
from hdl.layers.folding import Folding
from hdl.network_spec import NetworkSpec, is_wire

Int64 = NDArray[np.int64]

_FASTEST = 16
"""Cycles of an image below which no plan is sought."""

_SLOWEST = 1 << 48
"""More cycles than any layer takes."""


@dataclass(frozen=True)
class PlannedLayer:
    """A layer of a plan.

    Attributes
    ----------
    name : str
        The layer's output.
    operator : str
    products : int
        Multiplications of an image.
    folding : Folding or None
        Of a matrix layer.
    multipliers : int
        Products per cycle.
    cycles : int
        Of an image, if nothing waits.
    resources : Resources
        Estimated.
    """

    name: str
    operator: str
    products: int
    folding: Folding | None
    multipliers: int
    cycles: int
    resources: Resources

    def utilisation(self, interval: int) -> float:
        """Return the share of multipliers at work when images come at an interval, in cycles."""
        return self.products / (self.multipliers * interval) if self.multipliers else 0.0


@dataclass(frozen=True, eq=False)
class Plan:
    """A network with everything decided.

    Attributes
    ----------
    spec : NetworkSpec
        What the circuit is made from.
    layers : tuple of PlannedLayer
        Those that have a circuit.
    """

    spec: NetworkSpec
    layers: tuple[PlannedLayer, ...]

    @property
    def cycles(self) -> int:
        """Cycles between images: those of the slowest layer, or of the slowest stream."""
        return max(layer.cycles for layer in self.layers)

    @property
    def resources(self) -> Resources:
        """Of all layers, estimated."""
        return sum((layer.resources for layer in self.layers), Resources())

    @property
    def multipliers(self) -> int:
        """Products per cycle, of all layers."""
        return sum(layer.multipliers for layer in self.layers)

    @property
    def products(self) -> int:
        """Multiplications of an image."""
        return sum(layer.products for layer in self.layers)


def plan_network(graph: Graph, budget: Budget, cycles: int | None = None) -> Plan:
    """Choose the circuit of every layer.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any; see `golden.certify`.
    budget : Budget
        What there is to be used.
    cycles : int, optional
        Cycles between images that are enough; by default as few as there are resources for.

    Returns
    -------
    Plan
        The cheapest one. A plan for more cycles never costs more, and is never refused where one
        for fewer cycles is not.

    Raises
    ------
    UserError
        If the device is too small, naming the nearest rate for which it is not.
    """
    planner = _Planner(spread_constants(graph), budget)
    if cycles is not None:
        plan = planner.plan(cycles)
        if plan is not None:
            return plan
    fastest = planner.fastest(cycles or _FASTEST)
    if cycles is not None:
        raise UserError(
            f"{cycles} cycles between images take more than a {budget.summary} has; "
            f"it has enough for {fastest.cycles} cycles"
        )
    return fastest


class _Planner:
    """Finds circuits for one graph and device."""

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self._graph = graph
        self._budget = budget
        self._limits = Limits(budget.luts, budget.multipliers, 2 * budget.block_rams)
        self._levels = Levels(graph, budget)
        self._choices = {
            node.output: MatrixChoices(
                node, graph.tensors[node.inputs[0]], graph.accumulators[node.output], budget
            )
            for node in graph.nodes
            if isinstance(node, Convolution | FullyConnected)
        }

    def fastest(self, lowest: int) -> Plan:
        """Return the plan with fewest cycles that fits: where one fits, slower ones do."""
        choice = self._choice(_SLOWEST, any_fitting=True)
        if choice is None:
            raise UserError(f"the network does not fit a {self._budget.summary}")
        low, high = lowest, max(lowest, choice.cycles)
        while low < high:
            middle = (low + high) // 2
            choice = self._choice(middle, any_fitting=True)
            if choice is not None:
                high = min(middle, max(choice.cycles, low))
            else:
                low = middle + 1
        plan = self.plan(low)
        assert plan is not None
        return plan

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

    def _choice_with(self, level: Level, cycles: int, any_fitting: bool) -> "_Choice | None":
        """Return the cheapest choice with these lanes, or any that fits."""
        found: dict[str, tuple[Candidates, Int64]] = {}
        for name, choices in self._choices.items():
            candidates = choices.candidates(level.lanes[choices.tensor.name], level.lanes[name])
            places = candidates.within(cycles)
            if not len(places):
                return None
            found[name] = candidates, places
        parts = [candidates.options.at(places) for candidates, places in found.values()]
        selection = Selection(parts, self._limits)
        find = selection.fitting if any_fitting else selection.cheapest
        chosen = find(level.fixed)
        if chosen is None:
            return None
        circuits = {
            name: (candidates, int(places[place]))
            for (name, (candidates, places)), place in zip(found.items(), chosen, strict=True)
        }
        return _Choice(level, circuits, selection.cost(chosen, level.fixed))

    def _plan(self, choice: "_Choice") -> Plan:
        foldings = {
            name: candidates.folding(place) for name, (candidates, place) in choice.places.items()
        }
        spec = NetworkSpec(self._graph, foldings, choice.level.lanes)
        layers = tuple(
            self._planned(node, spec, choice) for node in self._graph.nodes if not is_wire(node)
        )
        return Plan(spec, layers)

    def _planned(self, node: Node, spec: NetworkSpec, choice: "_Choice") -> PlannedLayer:
        cost = choice.level.costs[node.output]
        if not isinstance(node, Convolution | FullyConnected):
            cycles = choice.level.cycles[node.output]
            return PlannedLayer(node.output, node.operator(), 0, None, 0, cycles, cost.single())
        layer = matrix_layer_spec(node, spec)
        candidates, place = choice.places[node.output]
        columns = (int(column[place]) for column in candidates.options.columns)
        return PlannedLayer(
            node.output,
            node.operator(),
            layer.geometry.products,
            layer.folding,
            layer.multipliers,
            layer.cycles_per_image(),
            (cost + Costs(*columns)).single(),
        )


@dataclass(frozen=True, eq=False)
class _Choice:
    """Lanes, a circuit for each matrix layer, and what all that costs."""

    level: Level
    places: dict[str, tuple[Candidates, int]]
    cost: int

    @property
    def cycles(self) -> int:
        """Cycles from which on this is a choice."""
        matrices = [int(candidates.cycles[place]) for candidates, place in self.places.values()]
        return max(self.level.rate, self.level.slowest, *matrices)
