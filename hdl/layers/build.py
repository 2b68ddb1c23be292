"""The circuit of each node of a graph."""

from functools import singledispatch

from amaranth.lib import wiring

from golden import graph
from golden.errors import UserError
from golden.graph import Node, Tensor
from hdl.layers.argmax import ArgMax
from hdl.layers.concat import Concat
from hdl.layers.elementwise import AddLayer, MultiplyLayer, RequantizeLayer
from hdl.layers.global_pool import GlobalPool
from hdl.layers.matrix_layer import MatrixLayer
from hdl.layers.matrix_layer_spec import MatrixLayerSpec
from hdl.layers.pad import Pad
from hdl.layers.softmax import Softmax
from hdl.layers.table import Clamp, Table
from hdl.layers.window_pool import WindowPool
from hdl.network_spec import NetworkSpec, describe, layer_name


def build_layer(node: Node, spec: NetworkSpec) -> wiring.Component:
    """Return the circuit of a node.

    Raises
    ------
    UserError
        Naming the layer, if there is none, or if a parameter is out of range.
    """
    try:
        return _build(node, spec)
    except UserError as error:
        raise UserError(f"{describe(spec.graph, node)}: {error}") from error


def matrix_layer_spec(
    node: graph.Convolution | graph.FullyConnected, spec: NetworkSpec
) -> MatrixLayerSpec:
    """Return what a convolution or dense layer is made from."""
    return MatrixLayerSpec(
        node,
        _input(node, spec),
        spec.graph.accumulators[node.output],
        spec.foldings[node.output],
        spec.lanes_of(node.inputs[0]),
        spec.lanes_of(node.output),
    )


@singledispatch
def _build(node: Node, spec: NetworkSpec) -> wiring.Component:
    known = sorted(kind.__name__ for kind in _build.registry if kind is not object)
    raise UserError(f"there is no circuit for this operator; there are for {', '.join(known)}")


@_build.register(graph.Convolution)
@_build.register(graph.FullyConnected)
def _(node: graph.Convolution | graph.FullyConnected, spec: NetworkSpec) -> wiring.Component:
    return MatrixLayer(matrix_layer_spec(node, spec), layer_name(spec.graph, node))


@_build.register
def _(node: graph.Add, spec: NetworkSpec) -> wiring.Component:
    return AddLayer(node, _inputs(node, spec), _lanes(node, spec), layer_name(spec.graph, node))


@_build.register
def _(node: graph.Multiply, spec: NetworkSpec) -> wiring.Component:
    name = layer_name(spec.graph, node)
    return MultiplyLayer(node, _inputs(node, spec), _lanes(node, spec), name)


@_build.register
def _(node: graph.Requantize, spec: NetworkSpec) -> wiring.Component:
    name = layer_name(spec.graph, node)
    return RequantizeLayer(node, _input(node, spec), _lanes(node, spec), name)


@_build.register
def _(node: graph.Table, spec: NetworkSpec) -> wiring.Component:
    return Table(node, _input(node, spec), _lanes(node, spec), layer_name(spec.graph, node))


@_build.register
def _(node: graph.Clamp, spec: NetworkSpec) -> wiring.Component:
    return Clamp(node, _input(node, spec), _lanes(node, spec))


@_build.register
def _(node: graph.Pad, spec: NetworkSpec) -> wiring.Component:
    return Pad(node, _input(node, spec), _lanes(node, spec))


@_build.register
def _(node: graph.Concat, spec: NetworkSpec) -> wiring.Component:
    return Concat(node, _inputs(node, spec), spec.lanes_of(node.output))


@_build.register
def _(node: graph.Mean, spec: NetworkSpec) -> wiring.Component:
    return _global_pool(node, spec)


@_build.register(graph.AveragePool)
@_build.register(graph.SumPool)
def _(node: graph.AveragePool | graph.SumPool, spec: NetworkSpec) -> wiring.Component:
    tensor, window = _input(node, spec), node.window
    if window.size == tensor.shape[:2] and window.padding == ((0, 0), (0, 0)):
        return _global_pool(node, spec)
    return _window_pool(node, spec)


@_build.register
def _(node: graph.MaxPool, spec: NetworkSpec) -> wiring.Component:
    return _window_pool(node, spec)


@_build.register
def _(node: graph.Softmax, spec: NetworkSpec) -> wiring.Component:
    return Softmax(node, _input(node, spec), layer_name(spec.graph, node))


@_build.register
def _(node: graph.ArgMax, spec: NetworkSpec) -> wiring.Component:
    return ArgMax(node, _input(node, spec), spec.lanes_of(node.inputs[0]))


def _global_pool(
    node: graph.Mean | graph.AveragePool | graph.SumPool, spec: NetworkSpec
) -> GlobalPool:
    lanes = spec.lanes_of(node.inputs[0])
    return GlobalPool(node, _input(node, spec), lanes, layer_name(spec.graph, node))


def _window_pool(
    node: graph.MaxPool | graph.AveragePool | graph.SumPool, spec: NetworkSpec
) -> WindowPool:
    name = layer_name(spec.graph, node)
    lanes = spec.lanes_of(node.inputs[0])
    return WindowPool(node, _input(node, spec), lanes, node.window.size[0], name)


def _input(node: Node, spec: NetworkSpec) -> Tensor:
    return spec.graph.tensors[node.inputs[0]]


def _inputs(node: Node, spec: NetworkSpec) -> list[Tensor]:
    return [spec.graph.tensors[name] for name in node.inputs]


def _lanes(node: Node, spec: NetworkSpec) -> int:
    """Return the lanes of a layer that has as many at its output as at its inputs.

    Those of the tensor that needs most: pooling takes more than it passes on.
    """
    return max(spec.lanes_of(name) for name in (*node.inputs, node.output))
