"""How many lanes the streams of a network have, for one rate after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.planning.selection import Options
from flows.planning.streams import Streams
from golden.graph import Graph, Node
from hdl.blocks.memory import Memory
from hdl.costs.costs import Costs
from hdl.costs.fabric import Fabric
from hdl.layers.layer_spec import LayerSpec
from hdl.layers.parts.fifo import fifo_cost
from hdl.layers.parts.matrix_layer import MatrixLayerSpec
from hdl.layers.registry import is_wire
from hdl.network.spec import NetworkSpec
from hdl.shell.axi_shell import shell_cost


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
    find_constants, find_memories : callable
        Return `constants` and `memories`, which take time to find.
    shell : Costs
        What surrounds the network.
    """

    lanes: Mapping[str, int]
    stream: int
    cycles: Mapping[str, int]
    costs: Mapping[str, Costs]
    find_constants: Callable[[], Mapping[str, Options]]
    find_memories: Callable[[], Mapping[str, Options]]
    shell: Costs

    @cached_property
    def constants(self) -> Mapping[str, Options]:
        """Options of the ROMs of requantizers, by the output of their layers: each memory."""
        return self.find_constants()

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
    shell : bool
        Whether an AXI shell is counted.
    streams : Streams
        Of the graph.
    """

    def __init__(self, graph: Graph, fabric: Fabric, shell: bool, streams: Streams) -> None:
        self._graph = graph
        self._shell = shell
        self._fabric = fabric
        self._streams = streams
        self._known_constants: dict[tuple[str, int], Options] = {}
        self._layers: dict[tuple[Any, ...], LayerSpec] = {}

    def within(self, cycles: int) -> Iterator[Level]:
        """Yield the levels with which every stream passes, those with fewest lanes first."""
        return (level for level in self._all if level.slowest <= cycles)

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
                costs[node.output] = layer.requantizer.costs(self._fabric)
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
            lambda: self._all_constants(spec),
            lambda: self._memories(lanes),
            self._shell_cost(lanes),
        )

    def _all_constants(self, spec: NetworkSpec) -> dict[str, Options]:
        nodes = (node for node in self._graph.nodes if not is_wire(node))
        layers = {node.output: self._layer(node, spec) for node in nodes}
        return {
            name: self._constants(layer)
            for name, layer in layers.items()
            if isinstance(layer, MatrixLayerSpec)
        }

    def _constants(self, layer: MatrixLayerSpec) -> Options:
        """Return what the ROMs of a requantizer cost in each kind of memory."""
        key = layer.node.output, layer.output_lanes
        if key not in self._known_constants:
            costs = [layer.requantizer.memory_costs(each, self._fabric) for each in Memory]
            self._known_constants[key] = Options.joined([Options.of(cost) for cost in costs])
        return self._known_constants[key]

    def _memories(self, lanes: Mapping[str, int]) -> dict[str, Options]:
        """Return what each FIFO costs in each kind of memory."""
        options = {}
        connections = self._streams.connections
        for edge, shape in connections.fifos.items():
            count, width = lanes[edge.tensor], self._graph.tensors[edge.tensor].type.width
            depth = connections.depth(edge, count)
            costs = [fifo_cost(count * width, depth, each, self._fabric) for each in Memory]
            options[shape.name] = Options.joined([Options.of(cost) for cost in costs])
        return options

    def _shell_cost(self, lanes: Mapping[str, int]) -> Costs:
        if not self._shell:
            return Costs()
        ends = (self._graph.inputs[0].name, self._graph.outputs[0])
        bits = sum(8 * -(-self._graph.tensors[end].type.width // 8) * lanes[end] for end in ends)
        return shell_cost(len(self._streams.slowest.layers), bits)

    def _layer(self, node: Node, spec: NetworkSpec) -> LayerSpec:
        """Return the layer of a node, which depends on the lanes of its own streams only."""
        key = node.output, *(spec.lanes_of(name) for name in (*node.inputs, node.output))
        if key not in self._layers:
            self._layers[key] = spec.layer(node)
        return self._layers[key]
