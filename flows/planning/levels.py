"""How many lanes the streams of a network have, for one rate after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bittrue.flows.planning.candidates import worth_a_block
from bittrue.flows.planning.selection import Options
from bittrue.flows.planning.streams import Streams
from bittrue.golden.graph import Graph, Node
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantSpec
from bittrue.hdl.layers.parts.fifo import fifo_cost
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.layers.registry import is_wire
from bittrue.hdl.multipliers.multiplier import Multiplier
from bittrue.hdl.network.connections import fifo_beats
from bittrue.hdl.network.feedback import feedback_cost
from bittrue.hdl.network.spec import NetworkSpec
from bittrue.hdl.shell import AXI_SHELLS

SCALINGS = tuple((memory, in_logic) for in_logic in (False, True) for memory in Memory)
"""What the ROMs of a requantizer are made of, and whether it multiplies in logic."""


@dataclass(frozen=True, eq=False)
class Level:
    """Lanes of all tensors, and everything that follows from them.

    Attributes
    ----------
    lanes : mapping of str to int
        Elements of a beat of each tensor.
    stream : int
        Cycles in which the slowest tensor passes.
    cycles : mapping of str to int
        Of the layers without a matrix, by their output.
    costs : mapping of str to Costs
        Of the layers without a matrix, and of the requantizers of the others.
    find_scalings, find_memories : callable
        Return `scalings` and `memories`, which take time to find.
    shell : Costs
        What surrounds the network, and what gives it its states.
    """

    lanes: Mapping[str, int]
    stream: int
    cycles: Mapping[str, int]
    costs: Mapping[str, Costs]
    find_scalings: Callable[[], Mapping[str, Options]]
    find_memories: Callable[[], Mapping[str, Options]]
    shell: Costs

    @cached_property
    def scalings(self) -> Mapping[str, Options]:
        """Options of requantizers, by the output of their layers: each of `SCALINGS`."""
        return self.find_scalings()

    @cached_property
    def memories(self) -> Mapping[str, Options]:
        """Options of the FIFOs, by their names, in the same way."""
        return self.find_memories()

    @cached_property
    def slowest(self) -> int:
        """Cycles of the slowest stream, or of the slowest layer without a matrix."""
        return max([self.stream, *self.cycles.values()])

    @cached_property
    def fixed(self) -> Costs:
        """The sum of all costs that no choice changes."""
        return sum(self.costs.values(), self.shell)


class Levels:
    """The fewest lanes with which streams pass within some cycles, for all rates of a series.

    Parameters
    ----------
    graph : Graph
    fabric : Fabric
    shell : str
        What surrounds the network; one of `hdl.shell.AXI_SHELLS` is counted.
    streams : Streams
        Of the graph.
    in_logic : bool
        Whether requantizers may multiply in logic.
    multipliers : mapping of str to Multiplier, optional
        One of those that each matrix layer may have, by its output: biases follow from it.
    """

    def __init__(
        self,
        graph: Graph,
        fabric: Fabric,
        shell: str,
        streams: Streams,
        in_logic: bool,
        multipliers: Mapping[str, Multiplier] = MappingProxyType({}),
    ) -> None:
        self._graph = graph
        self._shell = shell
        self._fabric = fabric
        self._streams = streams
        self._in_logic = in_logic
        self._multipliers = multipliers
        self._known_scalings: dict[tuple[str, int], Options] = {}
        self._layers: dict[tuple[Any, ...], LayerSpec] = {}

    def within(self, cycles: int) -> Iterator[Level]:
        """Yield the levels with which every stream passes, those with fewest lanes first."""
        return (level for level in self._all if level.slowest <= cycles)

    def forget_depths(self) -> None:
        """Let depths of FIFOs that have been found since count."""
        vars(self).pop("_all", None)

    @cached_property
    def _all(self) -> list[Level]:
        """All levels; those with fewest lanes first."""
        return [self._with(lanes) for lanes in self._streams.lanes]

    def _with(self, lanes: dict[str, int]) -> Level:
        graph = self._graph
        spec = NetworkSpec(graph, lanes=lanes)
        costs: dict[str, Costs] = {}
        cycles: dict[str, int] = {}
        for node in graph.nodes:
            if is_wire(node):
                continue
            layer = self._layer(node, spec)
            if isinstance(layer, MatrixLayerSpec):
                scaling = self._requantizer(layer).costs(self._fabric)
                costs[node.output] = Costs() if self._in_logic else scaling
                continue
            cycles[node.output] = layer.cycles_per_image()
            costs[node.output] = layer.costs(self._fabric)
        tensors = graph.tensors
        stream = max(tensors[name].elements // each for name, each in lanes.items())
        return Level(
            lanes,
            stream,
            cycles,
            costs,
            lambda: self._all_scalings(spec),
            lambda: self._memories(lanes),
            self._shell_cost(lanes) + self._states_cost(lanes),
        )

    def _all_scalings(self, spec: NetworkSpec) -> dict[str, Options]:
        nodes = (node for node in self._graph.nodes if not is_wire(node))
        layers = {node.output: self._layer(node, spec) for node in nodes}
        return {
            name: self._scalings(layer)
            for name, layer in layers.items()
            if isinstance(layer, MatrixLayerSpec)
        }

    def _scalings(self, layer: MatrixLayerSpec) -> Options:
        """Return what a requantizer costs beside what all ways to build it have in common."""
        key = layer.node.output, layer.output_lanes
        if key not in self._known_scalings:
            requantizer = self._requantizer(layer)
            costs = _by_memory(lambda memory: requantizer.memory_costs(memory, self._fabric))
            if self._in_logic:
                kinds = [replace(requantizer, in_logic=each) for each in (False, True)]
                built = [each.costs(self._fabric) for each in kinds]
                costs = [one + other for one in built for other in costs]
            self._known_scalings[key] = Options.joined([Options.of(cost) for cost in costs])
        return self._known_scalings[key]

    def _requantizer(self, layer: MatrixLayerSpec) -> ChannelRequantSpec:
        """Return the requantizer of a layer as it is behind the products that there will be."""
        multiplier = self._multipliers.get(layer.node.output, layer.folding.multiplier)
        return replace(layer.requantizer, bias=layer.bias_behind(multiplier))

    def _memories(self, lanes: Mapping[str, int]) -> dict[str, Options]:
        """Return what each FIFO costs in each kind of memory."""
        options = {}
        for edge, depth in self._streams.depths.items():
            count, width = lanes[edge.tensor], self._graph.tensors[edge.tensor].type.width
            name = self._streams.connections.fifo_name(edge)
            options[name] = fifo_options(count * width, fifo_beats(depth, count), self._fabric)
        return options

    def _shell_cost(self, lanes: Mapping[str, int]) -> Costs:
        if self._shell not in AXI_SHELLS:
            return Costs()
        ends = (*(tensor.name for tensor in self._graph.inputs), *self._graph.outputs)
        bits = sum(8 * -(-self._graph.tensors[end].type.width // 8) * lanes[end] for end in ends)
        return AXI_SHELLS[self._shell].cost(len(self._streams.slowest.layers), len(ends), bits)

    def _states_cost(self, lanes: Mapping[str, int]) -> Costs:
        """Return what states take beside the FIFOs that keep them."""
        costs = (
            feedback_cost(state, lanes[state.tensor.name], self._fabric)
            for state in self._graph.states
        )
        return sum(costs, Costs())

    def _layer(self, node: Node, spec: NetworkSpec) -> LayerSpec:
        """Return the layer of a node, which depends on the lanes of its own streams only."""
        key = node.output, *(spec.lanes_of(name) for name in (*node.inputs, node.output))
        if key not in self._layers:
            self._layers[key] = spec.layer(node)
        return self._layers[key]


def fifo_options(width: int, depth: int, fabric: Fabric) -> Options:
    """Return what a FIFO costs in each kind of memory."""
    costs = _by_memory(lambda memory: fifo_cost(width, depth, memory, fabric))
    return Options.joined([Options.of(cost) for cost in costs])


def _by_memory(costs: Callable[[Memory], Costs]) -> list[Costs]:
    """Return what something costs in each kind of memory.

    Where block RAM saves so few tables that it is not worth a thought, it is counted with the
    tables, too: then nobody chooses it.
    """
    found = {memory: costs(memory) for memory in Memory}
    block, logic = found[Memory.BLOCK], found[Memory.LOGIC]
    if not worth_a_block(block, logic):
        found[Memory.BLOCK] = logic + Costs(0, 0, block.halves)
    return list(found.values())
