"""Products of two tensors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference
from bittrue.golden.graph.operands import broadcast, check_operand
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(AccumulatingNode):
    """Product of two tensors, element by element.

        accumulator = value of a * value of b;  shapes broadcast as in numpy

    Parameters
    ----------
    encodings : (Encoding, Encoding)
        How the codes of each input become values.
    """

    encodings: tuple[Encoding, Encoding]

    repeats_operands: ClassVar[bool] = True

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != 2:
            raise UserError(f"it has {len(inputs)} inputs; allowed: 2")
        ends = []
        for tensor, encoding in zip(inputs, self.encodings, strict=True):
            check_operand(tensor, encoding)
            ends.append(encoding.decode([tensor.minimum, tensor.maximum]))
        corners = np.outer(*ends).reshape(-1)
        low, high = corners.min(keepdims=True), corners.max(keepdims=True)
        return self._requantized(broadcast(inputs), low, high)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Multiply":
        """See `Node.drawn`."""
        other = draw.operand(x)
        encodings = draw.encoding(x), draw.encoding(other)
        return cls(inputs=(x.name, other.name), output=draw.name(), encodings=encodings)
