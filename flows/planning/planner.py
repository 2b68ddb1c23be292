"""The cheapest circuits of all layers for a rate, and the fastest rate that fits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from bittrue.flows.planning.candidates import Candidates
from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.devices import Budget
from bittrue.flows.planning.levels import SCALINGS, Level, fifo_options
from bittrue.flows.planning.planned import Plan, PlannedLayer
from bittrue.flows.planning.resources import Resources
from bittrue.flows.planning.selection import Limits, Selection
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.network.connections import Connections
from bittrue.hdl.network.loops import loop_interval
from bittrue.hdl.network.spec import NetworkSpec

_FASTEST = 16
"""Cycles of an image below which no plan is sought."""

_ATTEMPTS = 4
"""Plans whose FIFOs turn out to be too deep, before there is said to be none."""

_SLOWEST = 1 << 48
"""More cycles than any layer takes."""

_Circuits = dict[str, tuple[Candidates, Int64]]
"""Of each matrix layer, the candidates and the places of those to choose from."""


class Planner:
    """Finds circuits for one graph and device.

    Parameters
    ----------
    circuits : Circuits
        Of the device's family.
    budget : Budget
        What there is to be used.
    """

    def __init__(self, circuits: Circuits, budget: Budget) -> None:
        self._graph = circuits.graph
        self._limits = Limits(budget.luts, budget.multipliers, 2 * budget.block_rams)
        self._circuits = circuits

    def fastest(self, lowest: int = _FASTEST) -> int | None:
        """Return the fewest cycles for which a plan fits; None if none does."""
        choice = self._fitting(_SLOWEST)
        if choice is None:
            return None
        # Where a plan fits, one with more cycles does.
        low, high = lowest, max(lowest, choice.cycles)
        while low < high:
            middle = (low + high) // 2
            choice = self._fitting(middle)
            if choice is not None:
                high = min(middle, max(choice.cycles, low))
            else:
                low = middle + 1
        return low

    def fastest_plan(self) -> Plan | None:
        """Return the best plan with the fewest cycles for which one fits; None if none does.

        What the FIFOs of a plan take is known when it is made. Where that is too much, the fewest
        cycles are more than it seemed.
        """
        lowest = _FASTEST
        while True:
            fastest = self.fastest(lowest)
            if fastest is None:
                return None
            plan = self.plan(fastest)
            if plan is not None or fastest >= self._slowest:
                return plan
            lowest = fastest + 1

    @property
    def _slowest(self) -> int:
        """Cycles between images of the network with one product of each layer at a time."""
        return max(
            layer.cycles_per_image() for layer in self._circuits.streams.slowest.layers.values()
        )

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
        level = next(self._circuits.levels.within(cycles or _SLOWEST), None)
        found = None if level is None else self._selection(level, cycles or _SLOWEST, self._limits)
        if level is None or found is None:
            return None
        return found[1].shortage(level.fixed)

    def fits(self, cycles: int | None = None) -> bool:
        """Return whether a plan of at most so many cycles, or of any number, fits."""
        return self._fitting(cycles or _SLOWEST) is not None

    def plan(self, cycles: int) -> Plan | None:
        """Return the best plan with at most so many cycles; None if none fits.

        Of the resource of which it takes the largest share, it takes the smallest share that any
        plan does; among those that do so it is the cheapest. What is fast enough for fewer cycles
        is so for more, whose smallest share is thus no larger.
        """
        for _ in range(_ATTEMPTS):
            share = self._least_share(cycles)
            if share is None or share > 1:
                return None
            choice = self._cheapest(cycles, self._limits.within(share))
            plan = self._plan(choice) if choice else None
            if plan is None or self._limits.hold(plan.resources.costs):
                return plan
            self._note_fifos(plan)
        return None

    def cheapest(self, cycles: int) -> Plan | None:
        """Return the plan of least cost, however much it takes of what is scarce; None if none."""
        choice = self._cheapest(cycles, self._limits)
        return self._plan(choice) if choice else None

    def _note_fifos(self, plan: Plan) -> None:
        """Let the FIFOs that a plan needs count from now on."""
        self._circuits.streams.deepen(Connections(plan.spec).depths)
        self._circuits.levels.forget_depths()

    def _least_share(self, cycles: int) -> Fraction | None:
        """Return the smallest that the largest share of a resource can be, which may exceed 1."""
        least: Fraction | None = None
        for level, relaxed in self._levels(cycles, self._limits):
            if least is not None and relaxed.least_share(level.fixed) >= least:
                continue
            found = self._selection(level, cycles, self._limits)
            if found is not None:
                selection = found[1]
                share = selection.share(selection.most_even(level.fixed), level.fixed)
                least = share if least is None else min(least, share)
        return least

    def _cheapest(self, cycles: int, limits: Limits) -> "_Choice | None":
        """Return the cheapest choice within some limits."""
        best: _Choice | None = None
        for level, relaxed in self._levels(cycles, limits):
            if not relaxed.may_fit(level.fixed):
                continue
            if best is not None and relaxed.least_cost(level.fixed) >= best.cost:
                continue
            choice = self._choice(level, cycles, limits, Selection.cheapest)
            if choice is not None and (best is None or choice.cost < best.cost):
                best = choice
        return best

    def _fitting(self, cycles: int) -> "_Choice | None":
        """Return any choice that fits."""
        choices = (
            self._choice(level, cycles, self._limits, Selection.fitting)
            for level, relaxed in self._levels(cycles, self._limits)
            if relaxed.may_fit(level.fixed)
        )
        return next((choice for choice in choices if choice is not None), None)

    def _levels(self, cycles: int, limits: Limits) -> Iterator[tuple[Level, Selection]]:
        """Yield the levels that are so fast, each with a choice that is no worse than any of it."""
        # With the lanes of a level, circuits cost no less than with as many as they like.
        bounds = [choices.bound(cycles) for choices in self._circuits.choices.values()]
        if all(map(len, bounds)):
            relaxed = Selection(bounds, limits)
            for level in self._circuits.levels.within(cycles):
                yield level, relaxed

    def _selection(
        self, level: Level, cycles: int, limits: Limits
    ) -> "tuple[_Circuits, Selection] | None":
        """Return what there is to choose from with these lanes; None if no circuit is so fast."""
        circuits: _Circuits = {}
        for name, choices in self._circuits.choices.items():
            candidates = choices.candidates(level.lanes[choices.tensor.name], level.lanes[name])
            places = candidates.within(cycles)
            if not len(places):
                return None
            circuits[name] = candidates, places
        parts = [candidates.options.at(places) for candidates, places in circuits.values()]
        return circuits, Selection(
            [*parts, *level.scalings.values(), *level.memories.values()], limits
        )

    def _choice(
        self,
        level: Level,
        cycles: int,
        limits: Limits,
        find: Callable[[Selection, Costs], list[int] | None],
    ) -> "_Choice | None":
        """Return what is found with the lanes of a level."""
        found = self._selection(level, cycles, limits)
        if found is None:
            return None
        circuits, selection = found
        chosen = find(selection, level.fixed)
        if chosen is None:
            return None
        places = {
            name: (candidates, int(places[place]))
            for (name, (candidates, places)), place in zip(circuits.items(), chosen, strict=False)
        }
        rest = chosen[len(circuits) :]
        scalings = dict(zip(level.scalings, rest, strict=False))
        memories = dict(zip(level.memories, rest[len(scalings) :], strict=True))
        return _Choice(level, places, scalings, memories, selection.cost(chosen, level.fixed))

    def _plan(self, choice: "_Choice") -> Plan:
        foldings = {}
        for name, (candidates, place) in choice.places.items():
            constants, in_logic = SCALINGS[choice.scalings[name]]
            folding = candidates.folding(place)
            foldings[name] = replace(folding, constants=constants, scales_in_logic=in_logic)
        lanes = choice.level.lanes
        spec = _paced(NetworkSpec(self._graph, foldings, lanes))
        layers = tuple(self._planned(name, layer, choice) for name, layer in spec.layers.items())
        taken = sum((layer.resources for layer in layers), Resources.of(choice.level.shell))
        memories, fifos = self._fifos(spec, taken.costs)
        spec = replace(spec, memories=memories)
        return Plan(spec, layers, Resources.of(choice.level.shell + fifos))

    def _fifos(self, spec: NetworkSpec, taken: Costs) -> tuple[dict[str, Memory], Costs]:
        """Return what each FIFO is made of, so that all fits if it can, and what they cost."""
        options = {}
        for edge, shape in Connections(spec).fifos.items():
            width = shape.lanes * self._graph.tensors[edge.tensor].type.width
            options[shape.name] = fifo_options(width, shape.depth, self._circuits.fabric)
        selection = Selection(list(options.values()), self._limits)
        places = selection.cheapest(taken)
        if places is None:
            places = selection.most_even(taken)
        chosen = dict(zip(options, places, strict=True))
        costs = (options[name].costs(place) for name, place in chosen.items())
        return {name: tuple(Memory)[place] for name, place in chosen.items()}, sum(costs, Costs())

    def _planned(self, name: str, layer: LayerSpec, choice: "_Choice") -> PlannedLayer:
        cost, operator = choice.level.costs[name], layer.node.operator()
        if not isinstance(layer, MatrixLayerSpec):
            cycles = choice.level.cycles[name]
            products = layer.output.elements * layer.node.products(*layer.tensors)
            at_once = layer.products_at_once
            return PlannedLayer(
                name, operator, products, None, at_once, 1, cycles, Resources.of(cost)
            )
        candidates, place = choice.places[name]
        scaling = choice.level.scalings[name].costs(choice.scalings[name])
        return PlannedLayer(
            name,
            operator,
            layer.geometry.products,
            layer.folding,
            layer.multipliers,
            layer.passes,
            layer.cycles_per_image(),
            Resources.of(cost + candidates.options.costs(place) + scaling),
        )


def _paced(spec: NetworkSpec) -> NetworkSpec:
    """Return a network whose states let calls follow each other no faster than they can come.

    They would come as often without that, if the estimate is exact; with it, exactly so.
    """
    interval = loop_interval(spec)
    if interval <= Connections(spec).interval:
        return spec
    return replace(spec, call_interval=interval)


@dataclass(frozen=True, eq=False)
class _Choice:
    """Lanes, a circuit for each matrix layer, and what all that costs."""

    level: Level
    places: dict[str, tuple[Candidates, int]]
    scalings: dict[str, int]
    memories: dict[str, int]
    cost: int

    @property
    def cycles(self) -> int:
        """Cycles between images."""
        matrices = [int(candidates.cycles[place]) for candidates, place in self.places.values()]
        return max([self.level.slowest, *matrices])
