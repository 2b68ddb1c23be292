"""Lines, (samples, channels, length), as images of width 1, and back."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.reshape import Reshape as ReshapeNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Line(Layer):
    """A line as an image of width 1, or an image of width 1 as a line or a sequence.

    The graph holds all of them in one order: place by place, channels last.

    Parameters
    ----------
    shape : tuple of int
        Of what it makes: (channels, length, 1), or of two dimensions.
    turned : bool
        Whether the dimensions of a sequence, (length, channels), change their places with it.
    """

    shape: Shape
    turned: bool

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        (values,) = inputs
        line = values if values.ndim == 3 else values.squeeze(-1)
        line = line.transpose(1, 2) if self.turned else line
        return line.unsqueeze(-1) if len(self.shape) == 3 else line

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return not self.turned

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        shape = channels_last(self.shape)
        if len(shape) == 2 and not self.turned:
            shape = shape[::-1]
        return ReshapeNode(inputs=self.inputs, output=self.output, shape=shape)


def image_of_line(name: str, output: str, shape: Shape) -> Line:
    """Return the layer that makes an image of a line of shape (channels, length)."""
    return Line(inputs=(name,), output=output, shape=(*shape, 1), turned=False)


def line_of_image(name: str, output: str, shape: Shape) -> Line:
    """Return the layer that makes a line of an image of shape (channels, length, 1)."""
    return Line(inputs=(name,), output=output, shape=shape[:2], turned=False)


@translates("permute", "transpose")
def _turn(call: Call, output: str) -> Layer:
    """Exchange the dimensions of a line, which becomes a sequence, or of a sequence."""
    arguments = call.arguments
    rank = len(call.output_shape) + 1 - call.line
    order = list(range(rank))
    if "dims" in arguments:
        order = [int(axis) % rank for axis in arguments["dims"]]
    else:
        first, second = int(arguments["dim0"]) % rank, int(arguments["dim1"]) % rank
        order[first], order[second] = order[second], order[first]
    from_line = len(call.input_shape) == 3 and call.input_shape[2] == 1 and rank == 3
    if order != [0, 2, 1] or not (from_line or call.line):
        raise call.refusal(
            f"orders dimensions as {order}; allowed: (samples, channels, length) to (samples, "
            "length, channels), and back"
        )
    return Line(inputs=call.inputs, output=output, shape=call.output_shape, turned=True)
