"""The folding of every layer, for a device or for a rate."""

import math
from dataclasses import dataclass
from typing import Any

from flows.network.candidates import MatrixChoices
from flows.network.devices import Budget
from flows.network.resources import Resources, matrix_resources, other_resources
from golden.constant_operands import spread_constants
from golden.errors import UserError
from golden.graph import Concat, Convolution, FullyConnected, Graph, Node, Pad, Tensor
from golden.mac_spec import MAXIMUM_LUT_WIDTH, Multiplier
from hdl.layers.build import Pool, build_layer, matrix_layer_spec, naming, pool_layer
from hdl.layers.folding import Folding
from hdl.network_spec import NetworkSpec, is_wire

_NARROW_PRODUCT = 16
"""Product of the operands' bits up to which tables are cheaper than hardware multipliers."""

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
    """Choose the folding of every layer.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any; see `golden.certify`.
    budget : Budget
        What the device has.
    cycles : int, optional
        Cycles between images that are enough; by default as few as the device has resources for.

    Returns
    -------
    Plan

    Raises
    ------
    UserError
        If the device is too small, naming the nearest rate for which it is not.
    """
    planner = _Planner(spread_constants(graph), budget)
    if cycles is not None:
        plan = planner.plan(cycles)
        if plan is not None and plan.resources.fits(budget):
            return plan
    fastest = planner.fastest(cycles or _FASTEST)
    if cycles is not None:
        raise UserError(
            f"{cycles} cycles between images take more than a {budget.summary} has; "
            f"it has enough for {fastest.cycles} cycles"
        )
    return fastest


class _Planner:
    """Finds foldings for one graph and device."""

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self._graph = graph
        self._budget = budget
        self._choices = {
            node.output: MatrixChoices(node, graph.tensors[node.inputs[0]])
            for node in graph.nodes
            if isinstance(node, Convolution | FullyConnected)
        }
        self._pools = [node for node in graph.nodes if isinstance(node, Pool)]

    def fastest(self, lowest: int) -> Plan:
        """Return the plan with fewest cycles that fits; resources fall as cycles rise."""
        slowest = self.plan(_SLOWEST)
        if slowest is None or not slowest.resources.fits(self._budget):
            needed = slowest.resources if slowest else None
            raise UserError(
                f"the network does not fit a {self._budget.summary}: "
                f"with one multiplier a layer it takes about {needed}"
            )
        best = slowest
        low, high = lowest, max(lowest, slowest.cycles)
        while low < high:
            middle = (low + high) // 2
            plan = self.plan(middle)
            if plan is not None and plan.resources.fits(self._budget):
                best, high = plan, middle
            else:
                low = middle + 1
        return best

    def plan(self, cycles: int) -> Plan | None:
        """Return a plan with at most so many cycles, as small as it can be; None if none is."""
        lanes = self._lanes(cycles)
        kinds = {name: self._first_kind(each) for name, each in self._choices.items()}
        while True:
            plan = self._with(cycles, lanes, kinds)
            if plan is None or plan.resources.multipliers <= self._budget.multipliers:
                return plan
            moved = self._cheapest_in_logic(plan, kinds)
            if moved is None:
                return plan
            kinds[moved] = Multiplier.LUT

    def _with(
        self, cycles: int, lanes: dict[str, int], kinds: dict[str, Multiplier]
    ) -> Plan | None:
        """Return the plan whose layers use these kinds of multipliers."""
        foldings: dict[str, Folding] = {}
        for name, choices in self._choices.items():
            folding = choices.cheapest(cycles, lanes[choices.tensor.name], lanes[name], kinds[name])
            if folding is None:
                return None
            foldings[name] = folding
        spec = NetworkSpec(self._graph, foldings, lanes)
        layers = tuple(self._planned(node, spec) for node in self._graph.nodes if not is_wire(node))
        plan = Plan(spec, layers)
        return plan if plan.cycles <= cycles else None

    def _planned(self, node: Node, spec: NetworkSpec) -> PlannedLayer:
        if not isinstance(node, Convolution | FullyConnected):
            circuit: Any = build_layer(node, spec)
            cycles = circuit.cycles_per_image()
            resources = other_resources(circuit, self._budget)
            return PlannedLayer(node.output, node.operator(), 0, None, 0, cycles, resources)
        layer = matrix_layer_spec(node, spec)
        return PlannedLayer(
            node.output,
            node.operator(),
            layer.geometry.products,
            layer.folding,
            layer.multipliers,
            layer.cycles_per_image(),
            matrix_resources(layer, self._budget),
        )

    def _lanes(self, cycles: int) -> dict[str, int]:
        """Return the fewest lanes with which each tensor passes within so many cycles."""
        channels: dict[str, int] = {}
        origins: dict[str, str] = {}
        for tensor in self._graph.tensors.values():
            producer = self._graph.producer(tensor.name)
            origin = tensor.name
            if producer is not None and is_wire(producer):
                origin = origins[producer.inputs[0]]
            origins[tensor.name] = origin
            channels[origin] = math.gcd(channels.get(origin, 0), tensor.channels)
        for node in self._graph.nodes:
            if isinstance(node, Concat | Pad):
                # Blocks of one tensor or of a border follow each other in whole beats.
                whole = [self._graph.tensors[name].channels for name in node.inputs]
                whole += node.padding[-1] if isinstance(node, Pad) else ()
                for name in (*node.inputs, node.output):
                    channels[origins[name]] = math.gcd(channels[origins[name]], *whole)
        lanes = {
            name: self._fewest_lanes(self._graph.tensors[name], channels[origin], cycles)
            for name, origin in origins.items()
        }
        for node in self._pools:
            # The results of a whole image come as fast as its last pixel, and leave so too.
            given = self._graph.tensors[node.inputs[0]]
            if self._graph.tensors[node.output].elements == given.channels:
                for name, origin in origins.items():
                    if origin == node.output and channels[origin] % lanes[given.name] == 0:
                        lanes[name] = max(lanes[name], lanes[given.name])
        return lanes

    def _fewest_lanes(self, tensor: Tensor, channels: int, cycles: int) -> int:
        divisors = [count for count in range(1, channels + 1) if channels % count == 0]
        pools = [node for node in self._pools if node.inputs[0] == tensor.name]

        def passes(lanes: int) -> bool:
            return tensor.elements <= lanes * cycles and all(
                self._pool_cycles(node, tensor, lanes) <= cycles for node in pools
            )

        return next(filter(passes, divisors), channels)

    def _pool_cycles(self, node: Pool, tensor: Tensor, lanes: int) -> int:
        with naming(self._graph, node):
            return pool_layer(node, tensor, lanes).cycles_per_image()

    def _first_kind(self, choices: MatrixChoices) -> Multiplier:
        """Return tables for the narrowest products, hardware multipliers for the others."""
        bits = choices.weight_type.width * choices.tensor.type.width
        return Multiplier.LUT if bits <= _NARROW_PRODUCT else self._budget.packed

    def _cheapest_in_logic(self, plan: Plan, kinds: dict[str, Multiplier]) -> str | None:
        """Return the layer whose products cost least logic for each multiplier they set free."""
        best: tuple[float, int] | None = None
        moved = None
        for layer in plan.layers:
            choices = self._choices.get(layer.name)
            if choices is None or choices.binary or kinds[layer.name] is Multiplier.LUT:
                continue
            widths = choices.weight_type.width, choices.tensor.type.width
            if max(widths) > MAXIMUM_LUT_WIDTH:
                continue
            shared = 1 if choices.geometry.depthwise else 2
            cost = shared * widths[0] * widths[1], layer.multipliers
            if best is None or cost < best:
                best, moved = cost, layer.name
        return moved
