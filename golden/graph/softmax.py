"""Softmax over the last axis."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor, frozen_codes
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.softmax import softmax_exponential

_EXPONENTIAL = IntegerType(32, False)


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Node):
    """Softmax over the last dimension as TFLite's reference kernel computes it.

        e_i = exponential[maximum - code_i]                          Q0.31
        sum = sum of half_away(e_i / 2**12)                          Q12.19
        reciprocal = 1 / sum by three Newton-Raphson steps           Q0.31
        output_i = half_away(SRDHM(reciprocal, e_i) / 2**shift) + lowest code

    `golden.numbers.softmax` has the arithmetic; the table holds the scale of the input.

    Parameters
    ----------
    exponential : ndarray of int64, shape (2**input width,)
        For each difference from the largest code: exp in Q0.31, from 2**31 - 1 at 0 downwards.
    type : IntegerType
        Type of the output codes, 8 or 16 bits; output scale 2**-width.
    """

    exponential: Int64
    type: IntegerType

    def __post_init__(self) -> None:
        table = frozen_codes(self.exponential, _EXPONENTIAL, "exponential").astype(np.int64)
        table.setflags(write=False)
        object.__setattr__(self, "exponential", table)

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if tensor.type.width > 8 or self.exponential.shape != (1 << tensor.type.width,):
            raise UserError(
                f"exponential has shape {self.exponential.shape}; allowed: one entry for each "
                f"difference of two codes of its input, which is {tensor.type}, of at most 8 bits"
            )
        if self.exponential[0] != (1 << 31) - 1 or (np.diff(self.exponential) > 0).any():
            raise UserError("exponential must start at 2**31 - 1 and not ascend")
        if self.type.width not in (8, 16):
            raise UserError(f"type is {self.type}; allowed: 8 or 16 bits")
        if not tensor.shape or tensor.channels >= 1 << 12:
            raise UserError(
                f"its input has shape {tensor.shape}; allowed: fewer than 4096 channels, so that "
                "the sum fits Q12.19"
            )
        return Inference(Tensor.of_type(self.output, tensor.shape, self.type))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Softmax | None":
        """See `Node.drawn`."""
        if x.type.width > 8:
            return None
        exponential = softmax_exponential(0.1, 1.0, x.type.width)
        kind = IntegerType(8, True)
        return cls(inputs=(x.name,), output=draw.name(), exponential=exponential, type=kind)
