"""A graph with everything decided that makes it a circuit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatorBounds, Graph, Node, Tensor
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.registry import is_wire, layer_spec
from bittrue.hdl.network.ends import check_ends, check_everything_is_read, stream_names


@dataclass(frozen=True, eq=False)
class NetworkSpec:
    """A graph, the folding of its matrix layers, and the lanes of its streams.

    Parameters
    ----------
    graph : Graph
        Every output depends on an input, and every input is read.
    foldings : mapping of str to Folding
        By the output of each layer that is folded; one product at a time where none is given.
    lanes : mapping of str to int
        Elements of a beat of each tensor; a divisor of its channels. 1 where none is given.
    prefix : str
        Of the names of ROM files, for several networks in one design.
    memories : mapping of str to Memory
        What each FIFO is made of, by its name in the circuit; by default what suits its size.
    call_interval : int
        Cycles from the beginning of a call to that of the next at least, for a network with states
        that are made later than its slowest layer could take them; see `hdl.network.loops`.
    accumulators : mapping of str to IntegerType
        What accumulators of matrix layers can hold at least, by their outputs; as much as their
        weights allow where none is given.

    Raises
    ------
    UserError
        Naming the node or the tensor.
    """

    graph: Graph
    foldings: Mapping[str, Folding] = field(default_factory=dict)
    lanes: Mapping[str, int] = field(default_factory=dict)
    prefix: str = ""
    memories: Mapping[str, Memory] = field(default_factory=dict)
    call_interval: int = 0
    accumulators: Mapping[str, IntegerType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.graph
        check_ends(graph)
        check_everything_is_read(graph)
        for name, lanes in self.lanes.items():
            if name not in graph.tensors or lanes < 1 or graph.tensors[name].channels % lanes:
                raise UserError(f"lanes of {name!r} is {lanes}; allowed: a divisor of its channels")
        object.__setattr__(self, "foldings", MappingProxyType(dict(self.foldings)))
        object.__setattr__(self, "lanes", MappingProxyType(dict(self.lanes)))
        object.__setattr__(self, "memories", MappingProxyType(dict(self.memories)))

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors that enter."""
        return self.graph.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The tensors that leave."""
        return tuple(self.graph.tensors[name] for name in self.graph.outputs)

    @cached_property
    def input_streams(self) -> dict[str, str]:
        """Names of the streams that enter, by their tensors; a single one is ``i``."""
        return stream_names("i", [tensor.name for tensor in self.inputs])

    @cached_property
    def output_streams(self) -> dict[str, str]:
        """Names of the streams that leave, by their tensors; a single one is ``o``."""
        return stream_names("o", self.graph.outputs)

    def beats_of(self, name: str) -> int:
        """Return the beats of a tensor."""
        return self.graph.tensors[name].elements // self.lanes_of(name)

    @cached_property
    def layers(self) -> dict[str, LayerSpec]:
        """What each layer that has a circuit is made from, by its output.

        Raises
        ------
        UserError
            Naming the layer, if it has no circuit, or if a parameter is out of range.
        """
        return {node.output: self.layer(node) for node in self.graph.nodes if not is_wire(node)}

    def layer(self, node: Node) -> LayerSpec:
        """Return what the layer of a node is made from; see `layers`."""
        with naming(self.graph, node):
            return layer_spec(node, self._place(node))

    def rom_name(self, node: Node) -> str:
        """Return the prefix of the names of a layer's ROM files."""
        return f"{self.prefix}{layer_name(self.graph, node)}"

    def _place(self, node: Node) -> Place:
        graph = self.graph
        producers = [graph.producer(name) for name in node.inputs]
        return Place(
            tuple(graph.tensors[name] for name in node.inputs),
            tuple(self.lanes_of(name) for name in node.inputs),
            self.lanes_of(node.output),
            tuple(each is not None and not each.inputs for each in producers),
            self._bounds(node),
            self.foldings.get(node.output),
        )

    def _bounds(self, node: Node) -> AccumulatorBounds | None:
        """Return what the accumulators of a node reach, or may reach."""
        bounds, kind = self.graph.accumulators.get(node.output), self.accumulators.get(node.output)
        if bounds is None or kind is None:
            return bounds
        low = np.minimum(bounds.minimum, kind.minimum)
        return AccumulatorBounds(low, np.maximum(bounds.maximum, kind.maximum))

    def lanes_of(self, name: str) -> int:
        """Return the elements of a beat of a tensor."""
        return self.lanes.get(name, 1)


def describe(graph: Graph, node: Node) -> str:
    """Return a node's place in its graph, as messages name it."""
    return f"layer {graph.nodes.index(node)}, {node.operator()} {node.output!r}"


def layer_name(graph: Graph, node: Node) -> str:
    """Return the name of a node's circuit: its place and its operator."""
    digits = len(str(len(graph.nodes) - 1))
    return f"layer_{graph.nodes.index(node):0{digits}}_{node.operator()}"


@contextmanager
def naming(graph: Graph, node: Node) -> Iterator[None]:
    """Let messages about a node begin with its place in its graph."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{describe(graph, node)}: {error}") from error
