"""Products of two matrices that both are computed, a pair for each sample."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.fx import Node

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer, Scaled
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import (
    MATRIX_PRODUCTS,
    Call,
    result_of,
    translates,
)
from bittrue.golden.graph.mat_mul import MatMul as MatMulNode
from bittrue.golden.graph.reshape import Reshape as ReshapeNode
from bittrue.golden.graph.transpose import Transpose as TransposeNode


@dataclass(frozen=True, eq=False, kw_only=True)
class MatMul(Scaled):
    """Product of two matrices, (samples, rows, inner) and (samples, inner, columns).

    Parameters
    ----------
    turned : bool
        Whether the second comes as an image of width 1, whose channels are the inner dimension:
        what `transpose` makes of a matrix.
    stacked : int
        How many matrices lie above each other in each operand, as those of attention's heads do,
        of which the second's are transposed: (samples, matrices * columns, inner). 0 for one.
    """

    turned: bool
    stacked: int = 0

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        if self.stacked:
            first, second = (values.unflatten(1, (self.stacked, -1)) for values in inputs)
            return torch.matmul(first, second.transpose(-1, -2)).flatten(1, 2)
        second = inputs[1].squeeze(-1) if self.turned else inputs[1]
        return torch.matmul(inputs[0], second)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`: the columns of the second matrix become rows."""
        context.refuse_order(self.inputs)
        if self.stacked:
            return self._lowered_stacks(context)
        first, second = self.inputs
        rows = f"{self.output}/columns"
        if self.turned:  # An image lies channels last, so that its columns are rows already.
            columns, inner = context.shapes[second][1], context.shapes[second][0]
            before: graph.Node = ReshapeNode(inputs=(second,), output=rows, shape=(columns, inner))
        else:
            before = TransposeNode(inputs=(second,), output=rows, permutation=(1, 0))
        context.tensors[rows] = before.infer(context.tensors[second]).tensor
        node = MatMulNode(
            inputs=(first, rows),
            output=self.output,
            encodings=(context.encoding(first), context.encoding(second)),
        )
        scale = context.scale(first) * context.scale(second)  # Of float32: exact in float64.
        return [before, context.requantized(node, self.clamp, scale)]

    def _lowered_stacks(self, context: LoweringContext) -> list[graph.Node]:
        """Return the nodes for matrices above each other: what takes them apart moves nothing."""
        nodes: list[graph.Node] = []
        names = []
        for position, source in enumerate(self.inputs):
            rows, inner = context.shapes[source]
            name = f"{self.output}/matrices{position}"
            shape = (self.stacked, rows // self.stacked, inner)
            nodes.append(ReshapeNode(inputs=(source,), output=name, shape=shape))
            names.append(context.define(nodes[-1]))
        first, second = self.inputs
        node = MatMulNode(
            inputs=(names[0], names[1]),
            output=self.output,
            encodings=(context.encoding(first), context.encoding(second)),
        )
        product = context.requantized(
            node, self.clamp, context.scale(first) * context.scale(second)
        )
        product = replace(product, output=f"{self.output}/products")
        stacked = context.shapes[self.output]
        whole = ReshapeNode(inputs=(product.output,), output=self.output, shape=stacked)
        context.define(product)
        return [*nodes, product, whole]


@translates(*MATRIX_PRODUCTS)
def _mat_mul(call: Call, output: str) -> Layer:
    arguments = [argument for argument in call.node.args if call.computes(argument)]
    nodes = [each for each in arguments if isinstance(each, Node)]
    shapes = [tuple(result_of(node).shape[1:]) for node in nodes]
    if len(nodes) != 2 or any(len(shape) != 2 for shape in shapes):
        raise call.refusal(
            f"multiplies {' and '.join(str(('samples', *shape)) for shape in shapes)} by what is "
            "no linear layer; allowed: two of shape (samples, rows, columns), both computed"
        )
    first, second = (call.names[node] for node in nodes)
    if len(call.shapes[first]) != 2:
        raise call.refusal(
            "multiplies a transposed matrix by another; allowed: a transposed one on the right"
        )
    turned = len(call.shapes[second]) == 3
    return MatMul(inputs=(first, second), output=output, turned=turned)
