"""What a graph costs: multiply-accumulates, bit operations, bytes of weights."""

import math
from dataclasses import dataclass

from bittrue.golden.graph.graph import Graph
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.node import Node


@dataclass(frozen=True)
class Cost:
    """Cost of one sample.

    Parameters
    ----------
    macs : int
        Multiply-accumulates of activations and weights, or of two activations, those in the padding
        included.
    bit_operations : int
        The same weighted by the widths of both factors: ``macs * weight bits * activation bits``.
    weight_bits : int
        Bits of all weight codes.
    """

    macs: int = 0
    bit_operations: int = 0
    weight_bits: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.macs + other.macs,
            self.bit_operations + other.bit_operations,
            self.weight_bits + other.weight_bits,
        )

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weight codes, packed without gaps."""
        return -(-self.weight_bits // 8)


def node_cost(graph: Graph, node: Node) -> Cost:
    """Return the cost of one node; zero where nothing is multiplied and added up."""
    if not isinstance(node, MatrixNode):
        inputs = tuple(graph.tensors[name] for name in node.inputs)
        macs = graph.tensors[node.output].elements * node.products(*inputs)
        return Cost(macs, macs * math.prod(tensor.type.width for tensor in inputs) if macs else 0)
    outputs, *factors = node.weight.shape
    products = math.prod(factors)
    macs = graph.tensors[node.output].elements * products
    width = graph.tensors[node.inputs[0]].type.width
    return Cost(
        macs,
        macs * width * node.weight_type.width,
        outputs * products * node.weight_type.width,
    )


def graph_cost(graph: Graph) -> Cost:
    """Return the cost of all nodes."""
    return sum((node_cost(graph, node) for node in graph.nodes), Cost())
