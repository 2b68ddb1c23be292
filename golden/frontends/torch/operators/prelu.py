"""PReLU: a slope below zero, one for all values or one for each channel."""

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.table import pointwise
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.add import Addend, summed
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

_SLOPES = IntegerType(16, True)


@dataclass(frozen=True, eq=False, kw_only=True)
class PReLU(Layer):
    """``max(x, 0) + slope * min(x, 0)``, a slope for each channel.

    Parameters
    ----------
    slopes : Tensor of float32, shape (channels,)
        Of any sign. The integers have them in 16 bits, whose unit is a power of two.
    """

    slopes: Tensor

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return functional.prelu(inputs[0], self.slopes.to(inputs[0].dtype))

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`: both sides are made codes of, and one of them is the code of 0."""
        context.refuse_order(self.inputs)
        (source,) = self.inputs
        kind, encoding = context.tensors[source].type, context.encoding(source)
        slopes, unit = self._codes(len(context.shapes[source]))
        nodes: list[graph.Node] = []

        def add(node: graph.Node) -> str:
            given = (context.tensors[name] for name in node.inputs)
            context.tensors[node.output] = node.infer(*given).tensor
            nodes.append(node)
            return node.output

        def clamped(name: str, minimum: int, maximum: int) -> str:
            output = f"{self.output}/{name}"
            limits = {"minimum": minimum, "maximum": maximum}
            return add(Clamp(inputs=(source,), output=output, **limits))

        def requantized(node: graph.AccumulatingNode, name: str, scale: float) -> str:
            codes = context.requantized(replace(node, output=self.output), UNLIMITED, scale)
            return add(replace(codes, output=f"{self.output}/{name}"))

        positive = clamped("positive", encoding.zero_point, kind.maximum)
        negative = clamped("negative", kind.minimum, encoding.zero_point)
        constant = Constant(inputs=(), output=f"{self.output}/slopes", values=slopes, type=_SLOPES)
        above = Requantize(inputs=(positive,), output="", encoding=encoding)
        below = Multiply(
            inputs=(negative, add(constant)), output="", encodings=(encoding, graph.Encoding())
        )
        sides = (
            requantized(above, "above", context.scale(source)),
            requantized(below, "below", context.scale(source) * unit),
        )
        total = summed(sides, self.output, (Addend(context.encoding(self.output)),) * 2)
        return [*nodes, context.requantized(total, UNLIMITED, context.scale(self.output))]

    def _codes(self, rank: int) -> tuple[Int64, float]:
        """Return the slopes as integers, shaped beside a tensor of the graph, and their unit."""
        slopes = self.slopes.double().numpy()
        largest = float(np.abs(slopes).max()) or 1.0
        unit = 2.0 ** (np.ceil(np.log2(largest / _SLOPES.maximum)))
        codes = np.rint(slopes / unit).astype(np.int64)
        # The second dimension of torch is the channels of images and the rows of matrices.
        return codes.reshape((-1, 1) if rank == 2 else (*(1,) * (rank - 1), -1)), unit


@translates("prelu")
def _prelu(call: Call, output: str) -> Layer:
    weight = call.arguments["weight"]
    if call.computes(weight):
        raise call.refusal("has slopes that the module computes; allowed: constant ones")
    slopes = call.constant(weight)
    if slopes.numel() == 1:
        return pointwise(call, output)
    return PReLU(inputs=call.inputs, output=output, slopes=slopes.reshape(-1))
