"""Integer graphs built node by node, with random contents."""

from typing import Any

import numpy as np

from bittrue.flows.units.layers import example_fixed_point
from bittrue.golden.graph import AccumulatingNode, Graph, Node, Tensor
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.integer_type import IntegerType

INT8 = IntegerType(8, True)


class Builder:
    """Builds a graph node by node, with random contents and scales that keep codes busy."""

    def __init__(self, shape: tuple[int, ...], seed: int = 1, kind: IntegerType = INT8) -> None:
        self.rng = np.random.default_rng(seed)
        self.inputs: tuple[Tensor, ...] = (Tensor.of_type("x", shape, kind),)
        self.nodes: list[Node] = []

    def graph(self, *outputs: str) -> Graph:
        return Graph(self.inputs, tuple(self.nodes), outputs)

    def add_input(self, name: str, shape: tuple[int, ...], kind: IntegerType = INT8) -> str:
        self.inputs = (*self.inputs, Tensor.of_type(name, shape, kind))
        return name

    def add(self, node: Node) -> str:
        self.nodes.append(node)
        return node.output

    def scaled(
        self, kind: type[AccumulatingNode], output: IntegerType, entries: int, **more: Any
    ) -> str:
        """Add an accumulating node whose requantization spreads its accumulators over codes."""
        name = f"t{len(self.nodes)}"
        plain = kind(output=name, **more)
        bounds = Graph(self.inputs, (*self.nodes, plain), (name,)).accumulators[name]
        scale = example_fixed_point(bounds, output, entries)
        return self.add(kind(output=name, requantization=scale, **more))

    def matrix(
        self,
        kind: type[Convolution] | type[FullyConnected],
        source: str,
        shape: tuple[int, ...],
        weights: IntegerType,
        output: IntegerType,
        **more: Any,
    ) -> str:
        codes = self.rng.integers(weights.minimum, weights.maximum, shape, endpoint=True)
        return self.scaled(
            kind,
            output,
            shape[0],
            inputs=(source,),
            weight=codes,
            weight_type=weights,
            bias=self.rng.integers(-50, 50, shape[0]),
            **more,
        )
