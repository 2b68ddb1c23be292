"""Pixels and channels that change their places: resizing to the nearest, shuffles of pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.fx import Node
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import channels_last
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.lowering.movements import (
    Image,
    depth_to_space,
    picked,
    rearranged,
    regrouped,
    space_to_depth,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Movement(Layer):
    """Values of an image in other places, by several nodes.

    Parameters
    ----------
    function : callable
        What torch computes.
    nodes : callable
        Takes the name and shape of an image of the graph, and the name of the result.
    """

    function: Callable[[Tensor], Tensor]
    nodes: Callable[[str, Image, str], list[graph.Node]]

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return self.function(inputs[0])

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        (source,) = self.inputs
        height, width, channels = channels_last(context.shapes[source])
        return self.nodes(source, (height, width, channels), self.output)


@translates("upsample_nearest1d", "upsample_nearest2d")
def _nearest(call: Call, output: str) -> Layer:
    """Take the places from what torch makes of an image of their numbers."""
    call.require_image()
    _, height, width = call.input_shape
    numbers = torch.arange(height * width, dtype=torch.float64).reshape(1, 1, height, width)
    numbers = numbers[..., 0] if call.spatial == 1 else numbers
    chosen = _evaluated(call, numbers).long().reshape(*call.output_shape[1:])
    rows, columns = (chosen[:, 0] // width).tolist(), (chosen[0] % width).tolist()

    def nodes(source: str, image: Image, name: str) -> list[graph.Node]:
        made = picked(source, image, (rows, columns), name)
        if made is None:  # Some rows or columns are repeated more often than others.
            made = [*rearranged(source, image, {0: rows, 1: columns}, name)]
        return made

    return Movement(
        inputs=call.inputs,
        output=output,
        function=lambda values: values[:, :, rows][:, :, :, columns],
        nodes=nodes,
    )


def _evaluated(call: Call, image: Tensor) -> Tensor:
    """Return what an operator makes of another image, with its other arguments."""
    arguments: list[Any] = [
        image if isinstance(argument, Node) else argument for argument in call.node.args
    ]
    assert callable(call.node.target)
    result: Tensor = call.node.target(*arguments, **call.node.kwargs)
    return result


@translates("pixel_shuffle")
def _pixel_shuffle(call: Call, output: str) -> Layer:
    call.require_image()
    block = int(call.arguments["upscale_factor"])
    return Movement(
        inputs=call.inputs,
        output=output,
        function=lambda values: functional.pixel_shuffle(values, block),
        nodes=lambda source, image, name: depth_to_space(
            source, image, block, name, columns_first=True
        ),
    )


@translates("pixel_unshuffle")
def _pixel_unshuffle(call: Call, output: str) -> Layer:
    call.require_image()
    block = int(call.arguments["downscale_factor"])

    def nodes(source: str, image: Image, name: str) -> list[graph.Node]:
        height, width, channels = image
        if channels == 1:
            return space_to_depth(source, image, block, name)
        blocks: Image = (height // block, width // block, channels * block**2)
        made = space_to_depth(source, image, block, f"{name}/shuffled")
        return [*made, *regrouped(made[-1].output, blocks, block**2, name)]

    return Movement(
        inputs=call.inputs,
        output=output,
        function=lambda values: functional.pixel_unshuffle(values, block),
        nodes=nodes,
    )


@translates("channel_shuffle")
def _channel_shuffle(call: Call, output: str) -> Layer:
    call.require_image()
    groups = int(call.arguments["groups"])

    def shuffled(values: Tensor) -> Tensor:
        return values.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)

    return Movement(
        inputs=call.inputs,
        output=output,
        function=shuffled,
        nodes=lambda source, image, name: regrouped(source, image, groups, name),
    )
