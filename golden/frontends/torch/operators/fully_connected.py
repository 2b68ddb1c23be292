"""A matrix applied to the last dimension."""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer, Matrix
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.matrix_arithmetic import MatrixArithmetic
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.fully_connected import FullyConnected as FullyConnectedNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(Matrix):
    """A matrix applied to the last dimension; weight of shape (outputs, inputs)."""

    channel_axis: ClassVar[int] = -1
    keeps_rows: ClassVar[bool] = True

    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""
        return functional.linear(values, self.weight, self.bias)

    def input_weights(self, channels: int) -> Tensor:
        """See `Matrix.input_weights`."""
        return self.weight.reshape(len(self.weight), channels, -1).transpose(0, 1).flatten(1)

    def scaled_inputs(self, factor: Tensor) -> Matrix:
        """See `Matrix.scaled_inputs`."""
        spread = factor.repeat_interleave(self.weight.shape[1] // len(factor))
        return replace(self, weight=self.weight * spread)

    def response_to(self, weight: Tensor, means: Tensor) -> Tensor:
        """See `Matrix.response_to`."""
        features = means.repeat_interleave(weight.shape[1] // len(means))
        return self.bare(weight).product(features[None])[0]

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        arithmetic = MatrixArithmetic.of(self, context)
        codes, order = arithmetic.weight.codes, context.order.get(self.inputs[0])
        node = FullyConnectedNode(
            inputs=self.inputs,
            output=self.output,
            weight=codes if order is None else codes[:, order],
            weight_type=arithmetic.weight.type,
            weight_encoding=arithmetic.weight.encoding,
            bias=arithmetic.bias,
            input_encoding=context.encoding(self.inputs[0]),
        )
        return arithmetic.requantized(node, self.clamp, context)


@translates("linear")
def _linear(call: Call, output: str) -> Layer:
    weight = call.constant(call.arguments["weight"])
    bias = call.bias(len(weight))
    return Linear(inputs=call.inputs, output=output, weight=weight, bias=bias)


def diagonal(inputs: tuple[str, ...], output: str, scale: Tensor, offset: Tensor) -> Layer:
    """Return a matrix that scales and shifts every feature."""
    return Linear(inputs=inputs, output=output, weight=scale.diag(), bias=offset)
