"""Softmax of 16-bit codes over the last axis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor, frozen_codes
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal

_Q15 = IntegerType(15, False)


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax16(Node):
    """Softmax of 16-bit codes over the last dimension as TFLite's kernels compute it.

        e_i = exponential[maximum - code_i]                          Q0.15
        reciprocal = of the sum of e_i, from a table, interpolated   Q0.15
        output_i = half_up(e_i * reciprocal / 2**shift)

    `golden.numbers.softmax16` has the arithmetic; the first table holds the scale of the input.

    Parameters
    ----------
    exponential : ndarray of integers, shape (2**16,)
        For each difference from the largest code: exp in Q0.15, not ascending.
    reciprocal : ndarray of integers, shape (513,)
        1 / (1 + x) in Q0.15 for x from 0 to 1, at every 512th, and one more for the last slope.
    """

    exponential: NDArray[np.integer]
    reciprocal: NDArray[np.integer]

    absent: ClassVar[Mapping[str, str]] = {
        "onnx": "softmax is imported with codes of up to 8 bits",
        "torch": "softmax is lowered with codes of up to 8 bits",
    }

    def __post_init__(self) -> None:
        for name in ("exponential", "reciprocal"):
            object.__setattr__(self, name, frozen_codes(getattr(self, name), _Q15, name))

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shapes = self.exponential.shape, self.reciprocal.shape
        if tensor.type != IntegerType(16, True) or shapes != ((1 << 16,), (513,)):
            raise UserError(
                f"its input is {tensor.type}, its tables have shapes {shapes[0]} and {shapes[1]}; "
                "allowed: int16, (65536,) and (513,)"
            )
        falling = (np.diff(self.exponential.astype(np.int64)) <= 0).all()
        if self.exponential[0] < 1 << 14 or not falling:
            raise UserError("exponential must start at 2**14 or more and not ascend")
        if not tensor.shape or tensor.channels >= 1 << 16:
            raise UserError(
                f"its input has shape {tensor.shape}; allowed: fewer than 65536 channels, so that "
                "the sum fits 31 bits"
            )
        return Inference(Tensor(self.output, tensor.shape, IntegerType(16, True), 0, (1 << 15) - 1))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Softmax16 | None":
        """See `Node.drawn`."""
        if x.type != IntegerType(16, True):
            return None
        return cls(
            inputs=(x.name,), output=draw.name(), exponential=softmax16_exponential(1e-4, 1.0),
            reciprocal=softmax16_reciprocal(np.float64),
        )  # fmt: skip
