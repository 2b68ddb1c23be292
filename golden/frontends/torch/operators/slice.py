"""Parts of tensors."""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor
from torch.fx import Node

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import channels_last_axis
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.slice import Slice as SliceNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Layer):
    """Every so manieth value along each dimension, counted without the batch."""

    ranges: tuple[range, ...]

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        taken = (slice(each.start, each.stop, each.step) for each in self.ranges)
        return inputs[0][(slice(None), *taken)]

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.refuse_order(self.inputs)
        rank = len(self.ranges)
        axes = sorted(range(rank), key=lambda axis: channels_last_axis(axis, rank))
        ranges = [self.ranges[axis] for axis in axes]
        return SliceNode(
            inputs=self.inputs,
            output=self.output,
            begin=tuple(each.start for each in ranges),
            size=tuple(len(each) for each in ranges),
            stride=tuple(each.step if len(each) > 1 else 1 for each in ranges),
        )


@translates("slice")
def _slice(call: Call, output: str) -> Layer:
    arguments = call.arguments
    bounds = [arguments[name] for name in ("start", "end", "step")]
    if any(isinstance(bound, Node) for bound in bounds):
        raise call.refusal("takes a part that it computes; allowed: numbers")
    return _part(call, output, slice(*bounds))


@translates("getitem")
def _item(call: Call, output: str) -> Layer:
    """Take one of the parts that an operator on one tensor makes."""
    (parts,) = call.node.all_input_nodes
    number = call.node.args[1]
    assert isinstance(number, int)
    whole = replace(call, node=parts)
    dimension = int(whole.arguments["dim"])
    sizes = [int(value.shape[dimension]) for value in parts.meta["val"]]
    begin = sum(sizes[: number % len(sizes)])
    return _part(whole, output, slice(begin, begin + sizes[number]))


def _part(call: Call, output: str, taken: slice) -> Layer:
    """Take a part along the dimension that an operator names."""
    shape = call.input_shape
    dimension = call.axis(int(call.arguments["dim"]))
    ranges = [range(size) for size in shape]
    ranges[dimension] = ranges[dimension][taken]
    return Slice(inputs=call.inputs, output=output, ranges=tuple(ranges))
