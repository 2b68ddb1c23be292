"""Matrix-vector products."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.node import Inference, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class FullyConnected(MatrixNode):
    """A matrix applied to the last dimension.

        accumulator[..., o] = bias[o] + sum over c of input[..., c] * weight[o, c]

    Parameters
    ----------
    weight : shape (output channels, input channels)
    """

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return "dense"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        bounds = self._accumulate(tensor, dimensions=2)
        if not tensor.shape or self.weight.shape[1] != tensor.channels:
            raise UserError(
                f"weight has shape {self.weight.shape}; its input has shape {tensor.shape}, so it "
                f"must have {tensor.channels} columns"
            )
        shape = (*tensor.shape[:-1], self.weight.shape[0])
        return self._requantized(shape, *bounds)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "FullyConnected":
        """See `Node.drawn`."""
        outputs = int(draw.random.integers(1, 6))
        weight, kind, encoding = draw.weights(outputs, x.channels)
        return cls(
            inputs=(x.name,), output=draw.name(), weight=weight, weight_type=kind,
            bias=draw.random.integers(-1000, 1000, outputs),
            input_encoding=draw.encoding(x), weight_encoding=encoding,
        )  # fmt: skip
