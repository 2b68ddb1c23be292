# amaranth: UnusedElaboratable=no
# Planning asks layers for their cycles and resources, and throws them away.
"""The circuit of each node of a graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch

from amaranth.lib import wiring

from golden import graph
from golden.errors import UserError
from golden.graph import Node, Tensor
from hdl.layers.add import AddLayer
from hdl.layers.arg_max import ArgMax
from hdl.layers.broadcast import Broadcast
from hdl.layers.clamp import Clamp
from hdl.layers.concat import Concat
from hdl.layers.constant import ConstantSource
from hdl.layers.multiply import MultiplyLayer
from hdl.layers.pad import Pad
from hdl.layers.parts.global_pool import GlobalPool
from hdl.layers.parts.matrix_layer import MatrixLayer
from hdl.layers.parts.matrix_layer_spec import MatrixLayerSpec
from hdl.layers.parts.window_pool import WindowPool
from hdl.layers.requantize import RequantizeLayer
from hdl.layers.softmax import Softmax
from hdl.layers.softmax16 import Softmax16
from hdl.layers.table import Table
from hdl.network.spec import NetworkSpec, describe, layer_name

Pool = graph.Mean | graph.AveragePool | graph.SumPool | graph.MaxPool
"""Nodes with one result for many elements of a channel."""


def build_layer(node: Node, spec: NetworkSpec) -> wiring.Component:
    """Return the circuit of a node.

    Raises
    ------
    UserError
        Naming the layer, if there is none, or if a parameter is out of range.
    """
    with naming(spec.graph, node):
        return _build(node, spec)


@contextmanager
def naming(network: graph.Graph, node: Node) -> Iterator[None]:
    """Let messages about a node begin with its place in its graph."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{describe(network, node)}: {error}") from error


def matrix_layer_spec(node: graph.MatrixNode, spec: NetworkSpec) -> MatrixLayerSpec:
    """Return what a convolution or dense layer is made from."""
    return MatrixLayerSpec(
        node,
        _input(node, spec),
        spec.graph.accumulators[node.output],
        spec.foldings[node.output],
        spec.lanes_of(node.inputs[0]),
        spec.lanes_of(node.output),
    )


def pool_layer(
    node: Pool, tensor: Tensor, lanes: int, name: str = "pool"
) -> GlobalPool | WindowPool:
    """Return the circuit of a pooling: over the whole image, or by windows that slide."""
    if isinstance(node, graph.Mean):
        return GlobalPool(node, tensor, lanes, name)
    window = node.window
    whole = window.size == tensor.shape[:2] and window.padding == ((0, 0), (0, 0))
    if whole and not isinstance(node, graph.MaxPool):
        return GlobalPool(node, tensor, lanes, name)
    return WindowPool(node, tensor, lanes, window.size[0], name)


@singledispatch
def _build(node: Node, spec: NetworkSpec) -> wiring.Component:
    known = sorted(kind.__name__ for kind in _build.registry if kind is not object)
    raise UserError(f"there is no circuit for this operator; there are for {', '.join(known)}")


@_build.register(graph.Convolution)
@_build.register(graph.FullyConnected)
def _(node: graph.MatrixNode, spec: NetworkSpec) -> wiring.Component:
    return MatrixLayer(matrix_layer_spec(node, spec), _rom_name(node, spec))


@_build.register
def _(node: graph.Add, spec: NetworkSpec) -> wiring.Component:
    return AddLayer(node, _inputs(node, spec), _lanes(node, spec), _rom_name(node, spec))


@_build.register
def _(node: graph.Multiply, spec: NetworkSpec) -> wiring.Component:
    name = _rom_name(node, spec)
    return MultiplyLayer(node, _inputs(node, spec), _lanes(node, spec), name)


@_build.register
def _(node: graph.Requantize, spec: NetworkSpec) -> wiring.Component:
    name = _rom_name(node, spec)
    return RequantizeLayer(node, _input(node, spec), _lanes(node, spec), name)


@_build.register
def _(node: graph.Table, spec: NetworkSpec) -> wiring.Component:
    return Table(node, _input(node, spec), _lanes(node, spec), _rom_name(node, spec))


@_build.register
def _(node: graph.Clamp, spec: NetworkSpec) -> wiring.Component:
    return Clamp(node, _input(node, spec), _lanes(node, spec))


@_build.register
def _(node: graph.Pad, spec: NetworkSpec) -> wiring.Component:
    return Pad(node, _input(node, spec), _lanes(node, spec))


@_build.register
def _(node: graph.Broadcast, spec: NetworkSpec) -> wiring.Component:
    return Broadcast(node, _input(node, spec), _lanes(node, spec))


@_build.register
def _(node: graph.Concat, spec: NetworkSpec) -> wiring.Component:
    producers = [spec.graph.producer(name) for name in node.inputs]
    given = [port for port, each in enumerate(producers) if not isinstance(each, graph.Constant)]
    return Concat(node, _inputs(node, spec), spec.lanes_of(node.output), min(given, default=0))


@_build.register
def _(node: graph.Constant, spec: NetworkSpec) -> wiring.Component:
    return ConstantSource(node, spec.lanes_of(node.output), _rom_name(node, spec))


@_build.register(graph.Mean)
@_build.register(graph.AveragePool)
@_build.register(graph.SumPool)
@_build.register(graph.MaxPool)
def _(node: Pool, spec: NetworkSpec) -> wiring.Component:
    lanes = spec.lanes_of(node.inputs[0])
    return pool_layer(node, _input(node, spec), lanes, _rom_name(node, spec))


@_build.register
def _(node: graph.Softmax, spec: NetworkSpec) -> wiring.Component:
    return Softmax(node, _input(node, spec), _rom_name(node, spec))


@_build.register
def _(node: graph.Softmax16, spec: NetworkSpec) -> wiring.Component:
    return Softmax16(node, _input(node, spec), _rom_name(node, spec))


@_build.register
def _(node: graph.ArgMax, spec: NetworkSpec) -> wiring.Component:
    return ArgMax(node, _input(node, spec), spec.lanes_of(node.inputs[0]))


def _rom_name(node: Node, spec: NetworkSpec) -> str:
    """Return the prefix of the names of a layer's ROM files."""
    return f"{spec.prefix}{layer_name(spec.graph, node)}"


def _input(node: Node, spec: NetworkSpec) -> Tensor:
    return spec.graph.tensors[node.inputs[0]]


def _inputs(node: Node, spec: NetworkSpec) -> list[Tensor]:
    return [spec.graph.tensors[name] for name in node.inputs]


def _lanes(node: Node, spec: NetworkSpec) -> int:
    """Return the lanes of a layer that has as many at its output as at its inputs.

    Those of the tensor that needs most: pooling takes more than it passes on.
    """
    return max(spec.lanes_of(name) for name in (*node.inputs, node.output))
