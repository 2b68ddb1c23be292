"""Convolution over images, and over images whose pixels are set apart: transposed convolution."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import channels_last
from bittrue.golden.frontends.torch.layer import Layer, Matrix, padded
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.matrix_arithmetic import MatrixArithmetic
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import pair
from bittrue.golden.graph.convolution import Convolution as ConvolutionNode
from bittrue.golden.graph.window import Pair
from bittrue.golden.lowering.movements import Image, cropped, set_apart

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
        return self.reading(self.inputs[0], context)

    def reading(self, source: str, context: LoweringContext) -> graph.Node:
        """Return the integer node, reading a tensor of the graph with its input's codes."""
        arithmetic = MatrixArithmetic.of(self, context)
        node = ConvolutionNode(
            inputs=(source,),
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


@dataclass(frozen=True, eq=False, kw_only=True)
class TransposeConvolution(Convolution):
    """Convolution of pixels with zeros between them, by weights turned around.

    Parameters
    ----------
    apart : (int, int)
        Rows and columns from one pixel to the next.
    ends : ((int, int), (int, int))
        Where negative, how many of the rows and columns set apart are left out before and behind.
    """

    apart: Pair
    ends: tuple[Pair, Pair]

    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""
        samples, channels, height, width = values.shape
        vertical, horizontal = self.apart
        spread = values.new_zeros(samples, channels, height * vertical, width * horizontal)
        spread[:, :, ::vertical, ::horizontal] = values
        (above, below), (left, right) = ([max(-end, 0) for end in ends] for ends in self.ends)
        rows, columns = spread.shape[2] - below, spread.shape[3] - right
        return super().product(spread[:, :, above:rows, left:columns])

    def bordered(self, border: tuple[Pair, Pair]) -> Layer | None:
        """See `Layer.bordered`: zeros before its input are not those it reads."""
        return None

    def response_to(self, weight: Tensor, means: Tensor) -> Tensor:
        """See `Matrix.response_to`: one in so many of its taps meets a pixel."""
        dense = Convolution(
            inputs=self.inputs,
            output=self.output,
            weight=weight,
            bias=torch.zeros_like(self.bias),
            window=self.window,
            groups=self.groups,
        )
        return dense.response_to(weight, means) / (self.apart[0] * self.apart[1])

    @property
    def zeros_between(self) -> bool:
        """See `Matrix.zeros_between`."""
        return True

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        (source,) = self.inputs
        height, width, channels = channels_last(context.shapes[source])
        code = context.encoding(source).zero_point
        name = f"{self.output}/apart"
        nodes = set_apart(source, (height, width, channels), self.apart, code, name)
        if min(min(ends) for ends in self.ends) < 0:
            image: Image = (height * self.apart[0], width * self.apart[1], channels)
            nodes.append(cropped(name, image, self.ends, f"{name}/reached"))
        for node in nodes:
            tensors = (context.tensors[each] for each in node.inputs)
            context.tensors[node.output] = node.infer(*tensors).tensor
        return [*nodes, self.reading(nodes[-1].output, context)]


@translates("conv1d", "conv2d")
def _convolution(call: Call, output: str) -> Layer:
    arguments = call.arguments
    call.require_image()
    weight, spatial = call.constant(arguments["weight"]), call.spatial
    weight = weight[..., None] if spatial == 1 else weight
    size, dilation = pair(weight.shape[2:]), pair(arguments["dilation"], spatial)
    match arguments["padding"]:
        case "same":
            totals = [d * (s - 1) for d, s in zip(dilation, size, strict=True)]
            vertical, horizontal = ((total // 2, total - total // 2) for total in totals)
        case "valid":
            vertical = horizontal = (0, 0)
        case sizes:
            vertical, horizontal = ((pad, pad) for pad in pair(sizes, spatial, default=0))
    return Convolution(
        inputs=call.inputs,
        output=output,
        weight=weight,
        bias=call.bias(len(weight)),
        window=graph.Window(
            size, pair(arguments["stride"], spatial), dilation, (vertical, horizontal)
        ),
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
