"""The circuit of each node of a graph."""

from functools import singledispatch

from amaranth.lib import wiring

from golden.errors import UserError
from golden.graph import Convolution, FullyConnected, Node
from hdl.layers.matrix_layer import MatrixLayer
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


@singledispatch
def _build(node: Node, spec: NetworkSpec) -> wiring.Component:
    raise UserError("there is no circuit for this operator")


@_build.register
def _(node: Convolution, spec: NetworkSpec) -> wiring.Component:
    return matrix_layer(node, spec)


@_build.register
def _(node: FullyConnected, spec: NetworkSpec) -> wiring.Component:
    return matrix_layer(node, spec)


def matrix_layer(node: Convolution | FullyConnected, spec: NetworkSpec) -> MatrixLayer:
    """Return the circuit of a convolution or dense layer."""
    graph = spec.graph
    return MatrixLayer(
        node,
        graph.tensors[node.inputs[0]],
        graph.accumulators[node.output],
        spec.foldings[node.output],
        spec.lanes_of(node.inputs[0]),
        spec.lanes_of(node.output),
        layer_name(graph, node),
    )
