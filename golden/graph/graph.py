"""The immutable integer graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import AccumulatorBounds, Node
from bittrue.golden.graph.state import State
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.limits import MAXIMUM_INPUT_WIDTH
from bittrue.golden.numbers.quantization import Quantization


class GraphError(UserError):
    """A graph that contradicts itself; the message names the node and its attribute."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A network in integers: what golden executes and circuits are made from.

    Everything that follows from the nodes is derived and checked on construction; a graph that
    exists is sound.

    Parameters
    ----------
    inputs : tuple of Tensor
        What a user gives.
    nodes : tuple of Node
        Each after those whose outputs it reads.
    outputs : tuple of str
        Names of the tensors a user gets.
    quantization : mapping of str to Quantization
        What the codes of tensors mean, for those where it is known.
    profile : str
        The reference that the arithmetic equals, such as ``litert``; empty when there is none.
    layouts : mapping of str to tuple of int
        For tensors whose dimensions the source model orders otherwise: its dimension ``i`` is
        dimension ``layouts[name][i]`` here, the batch not counted. (2, 0, 1) is channels first.
    states : tuple of State
        What it keeps from one call to the next. Samples of a graph that has any are calls, one
        after the other.

    Attributes
    ----------
    tensors : mapping of str to Tensor
        Every tensor, inputs first and then what is read of states, with its shape, type and range.
    accumulators : mapping of str to AccumulatorBounds
        By output name, for each node that accumulates.

    Raises
    ------
    GraphError
        Naming the node and what is wrong with it.

    Examples
    --------
    >>> import bittrue
    >>> graph = bittrue.load("small.bittrue")
    >>> for node in graph.nodes:
    ...     print(node.title, graph.tensors[node.output].type, graph.accumulators[node.output].type)
    dense int8 int18
    """

    inputs: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    quantization: Mapping[str, Quantization] = field(default_factory=dict)
    profile: str = ""
    layouts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    states: tuple[State, ...] = ()
    tensors: Mapping[str, Tensor] = field(init=False)
    accumulators: Mapping[str, AccumulatorBounds] = field(init=False)

    def __post_init__(self) -> None:
        tensors: dict[str, Tensor] = {}
        accumulators: dict[str, AccumulatorBounds] = {}
        for tensor in self.inputs:
            _check_unique(tensor.name, tensors)
            if tensor.type.width > MAXIMUM_INPUT_WIDTH:
                raise GraphError(
                    f"input {tensor.name!r} is {tensor.type}; allowed: up to "
                    f"{MAXIMUM_INPUT_WIDTH} bits"
                )
            tensors[tensor.name] = tensor
        for state in self.states:
            _check_unique(state.tensor.name, tensors)
            tensors[state.tensor.name] = state.tensor
        for position, node in enumerate(self.nodes):
            place = f"node {position}, {node.operator()} {node.output!r}"
            _check_unique(node.output, tensors)
            missing = [name for name in node.inputs if name not in tensors]
            if missing:
                raise GraphError(f"{place}: no earlier node makes its input {missing[0]!r}")
            try:
                inference = node.infer(*(tensors[name] for name in node.inputs))
            except UserError as error:
                raise GraphError(f"{place}: {error}") from error
            tensors[node.output] = inference.tensor
            if inference.accumulator is not None:
                accumulators[node.output] = inference.accumulator
        self._check_interface(tensors)
        self._check_states(tensors)
        object.__setattr__(self, "quantization", MappingProxyType(dict(self.quantization)))
        object.__setattr__(self, "layouts", MappingProxyType(dict(self.layouts)))
        object.__setattr__(self, "tensors", MappingProxyType(tensors))
        object.__setattr__(self, "accumulators", MappingProxyType(accumulators))

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read a tensor."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def producer(self, name: str) -> Node | None:
        """Return the node that makes a tensor; None for an input, and for what a state holds."""
        return next((node for node in self.nodes if node.output == name), None)

    def _check_interface(self, tensors: Mapping[str, Tensor]) -> None:
        if not self.inputs or not self.outputs:
            raise GraphError("the graph has no inputs or no outputs; it needs one of each")
        for name in self.outputs:
            if name not in tensors:
                raise GraphError(f"output {name!r} is made by no node")
        if len(set(self.outputs)) != len(self.outputs):
            raise GraphError("an output is named twice; name each once")
        for name, quantization in self.quantization.items():
            if name not in tensors:
                raise GraphError(f"quantization is given for {name!r}, which is no tensor")
            quantization.encoding.check(tensors[name].type, f"quantization of {name!r}")
        for name, layout in self.layouts.items():
            if name not in tensors or sorted(layout) != list(range(len(tensors[name].shape))):
                raise GraphError(f"layout {layout} is given for {name!r}; it orders no tensor")

    def _check_states(self, tensors: Mapping[str, Tensor]) -> None:
        names = [state.name for state in self.states]
        if len(set(names)) != len(names):
            raise GraphError("two states have one name; give each a name of its own")
        for state in self.states:
            if state.assigned not in tensors:
                raise GraphError(
                    f"state {state.name!r} is assigned {state.assigned!r}, which no node makes"
                )
            try:
                state.check_assigned(tensors[state.assigned])
            except UserError as error:
                raise GraphError(str(error)) from error


def _check_unique(name: str, tensors: Mapping[str, Tensor]) -> None:
    if name in tensors:
        raise GraphError(f"two tensors are named {name!r}; give each a name of its own")
