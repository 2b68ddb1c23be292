"""Two-dimensional convolution."""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer, Matrix, padded
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.matrix_arithmetic import MatrixArithmetic
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import pair
from bittrue.golden.graph.window import Pair

_NONE = ((0, 0), (0, 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(Matrix):
    """Two-dimensional convolution with zero padding.

    Parameters
    ----------
    weight : Tensor, shape (output channels, input channels / groups, height, width)
    window : Window
    groups : int
    """

    window: graph.Window
    groups: int = 1

    channel_axis: ClassVar[int] = 1

    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""
        return functional.conv2d(
            padded(values, self.window, 0.0),
            self.weight,
            self.bias,
            self.window.stride,
            dilation=self.window.dilation,
            groups=self.groups,
        )

    @property
    def padding(self) -> tuple[Pair, Pair] | tuple[()]:
        """See `Matrix.padding`."""
        return () if self.window.padding == _NONE else self.window.padding

    def bordered(self, border: tuple[Pair, Pair]) -> Layer | None:
        """See `Layer.bordered`: the zeros become padding, if every window still meets the image."""
        window = self.window
        rows, columns = (
            (before + outer, after + behind)
            for (before, after), (outer, behind) in zip(window.padding, border, strict=True)
        )
        for pads, taps, step in zip((rows, columns), window.size, window.dilation, strict=True):
            if max(pads) > (taps - 1) * step:
                return None
        return replace(self, window=replace(window, padding=(rows, columns)))

    def without_padding(self) -> Matrix:
        """See `Matrix.without_padding`."""
        return replace(self, window=replace(self.window, padding=_NONE))

    def input_weights(self, channels: int) -> Tensor:
        """See `Matrix.input_weights`."""
        grouped = self.weight.reshape(self.groups, -1, *self.weight.shape[1:])
        return grouped.transpose(1, 2).reshape(channels, -1)

    def scaled_inputs(self, factor: Tensor) -> Matrix:
        """See `Matrix.scaled_inputs`."""
        of_group = factor.reshape(self.groups, 1, -1)
        outputs = len(self.weight) // self.groups
        spread = of_group.expand(-1, outputs, -1).reshape(len(self.weight), -1, 1, 1)
        return replace(self, weight=self.weight * spread)

    def response_to(self, weight: Tensor, means: Tensor) -> Tensor:
        """See `Matrix.response_to`."""
        size = [
            (taps - 1) * step + 1
            for taps, step in zip(self.window.size, self.window.dilation, strict=True)
        ]
        image = means.reshape(1, -1, 1, 1).expand(-1, -1, *size)
        return self.without_padding().bare(weight).product(image).reshape(-1)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        arithmetic = MatrixArithmetic.of(self, context)
        node = graph.Convolution(
            inputs=self.inputs,
            output=self.output,
            weight=arithmetic.weight.codes.transpose(0, 2, 3, 1),
            weight_type=arithmetic.weight.type,
            weight_encoding=arithmetic.weight.encoding,
            bias=arithmetic.bias,
            input_encoding=context.encoding(self.inputs[0]),
            window=self.window,
            groups=self.groups,
        )
        return arithmetic.requantized(node, self.clamp, context)


@translates("conv2d")
def _convolution(call: Call, output: str) -> Layer:
    arguments = call.arguments
    weight = call.constant(arguments["weight"])
    size, dilation = pair(weight.shape[2:]), pair(arguments["dilation"])
    match arguments["padding"]:
        case "same":
            totals = [d * (s - 1) for d, s in zip(dilation, size, strict=True)]
            vertical, horizontal = ((total // 2, total - total // 2) for total in totals)
        case "valid":
            vertical = horizontal = (0, 0)
        case sizes:
            vertical, horizontal = ((pad, pad) for pad in pair(sizes))
    return Convolution(
        inputs=call.inputs,
        output=output,
        weight=weight,
        bias=call.bias(len(weight)),
        window=graph.Window(size, pair(arguments["stride"]), dilation, (vertical, horizontal)),
        groups=int(arguments["groups"]),
    )


def scaling(inputs: tuple[str, ...], output: str, scale: Tensor, offset: Tensor) -> Layer:
    """Return a 1 x 1 depthwise convolution that scales and shifts every channel."""
    return Convolution(
        inputs=inputs,
        output=output,
        weight=scale.reshape(-1, 1, 1, 1),
        bias=offset,
        window=graph.Window(size=(1, 1)),
        groups=len(scale),
    )
