"""Changes of scale, zero point or width."""

from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference, only_input
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantize(AccumulatingNode):
    """Change of scale, zero point or width.

        accumulator = value of the code

    Parameters
    ----------
    encoding : Encoding
        How the input's codes become values.
    """

    encoding: Encoding

    changes_precision_only: ClassVar[bool] = True

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        self.encoding.check(tensor.type, "the input")
        low, high = self.encoding.decode([[tensor.minimum], [tensor.maximum]])
        return self._requantized(tensor.shape, low, high)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Requantize":
        """See `Node.drawn`."""
        return cls(inputs=(x.name,), output=draw.name(), encoding=draw.encoding(x))
