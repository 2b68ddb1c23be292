"""Convolutions: grouped and depthwise ones, padding, stride and dilation."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.node import Inference, only_input
from bittrue.golden.graph.tensor import Encoding, Tensor
from bittrue.golden.graph.window import Window
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(MatrixNode):
    """Convolution, grouped and depthwise included.

        accumulator[y, x, o] = bias[o] + sum over (i, j, c) of
            input[y * stride + i * dilation - padding, ..., c] * weight[o, i, j, c]

    Input (height, width, input channels), output (height, width, output channels).

    Parameters
    ----------
    weight : shape (output channels, window height, window width, input channels / groups)
    window : Window
        Of the size that the weight has.
    groups : int
        Output channel `o` sees the input channels of group ``o // (output channels / groups)``;
        as many groups as input channels make it depthwise, with any multiplier.
    """

    window: Window
    groups: int = 1

    @property
    def title(self) -> str:
        """See `Node.title`."""
        kind = "depthwise" if self.depthwise else "conv"
        groups = f" groups {self.groups}" if self.groups > 1 and not self.depthwise else ""
        return f"{kind} {self.window.title}{groups}"

    @property
    def has_border(self) -> bool:
        """See `MatrixNode.has_border`."""
        return self.window.has_border

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        size = self.window.output_size(tensor.shape)
        bounds = self._accumulate(tensor, dimensions=4)
        outputs, *window, channels = self.weight.shape
        if tuple(window) != self.window.size:
            raise UserError(
                f"weight has shape {self.weight.shape}; its window must be {self.window.size}"
            )
        if self.groups < 1 or outputs % self.groups or channels * self.groups != tensor.channels:
            raise UserError(
                f"groups is {self.groups} with {tensor.channels} input channels and weight "
                f"{self.weight.shape}; allowed: a divisor of the output channels with groups * "
                f"{channels} input channels"
            )
        return self._requantized((*size, outputs), *bounds)

    @property
    def depthwise(self) -> bool:
        """Whether every output channel sees one input channel of several."""
        return self.groups > 1 and self.weight.shape[-1] == 1


def filtered(
    name: str,
    output: str,
    filters: Int64,
    kind: IntegerType,
    bias: Int64,
    encoding: Encoding,
) -> Convolution:
    """Return the node that convolves the rows of groups of channels, each with a filter of its own.

    Parameters
    ----------
    name, output : str
        The tensor that is convolved, shape (rows, 1, channels), and the one that is made.
    filters : ndarray of int64, shape (groups, rows of the filter, channels of a group)
    kind : IntegerType
        Of the filters.
    bias : ndarray of int64, shape (groups,)
    encoding : Encoding
        Of the input.
    """
    return Convolution(
        inputs=(name,),
        output=output,
        weight=filters[:, :, None],
        weight_type=kind,
        bias=bias,
        input_encoding=encoding,
        window=Window((filters.shape[1], 1)),
        groups=len(filters),
    )
