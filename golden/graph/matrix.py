"""Nodes whose accumulators are sums of products with weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import AccumulatingNode
from bittrue.golden.graph.tensor import Encoding, Tensor, frozen_codes
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_ACCUMULATOR_WIDTH, MAXIMUM_CODE_WIDTH

_BIAS = IntegerType(MAXIMUM_ACCUMULATOR_WIDTH, True)


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixNode(AccumulatingNode, abstract=True):
    """A node whose accumulators are sums of products with weights.

    Parameters
    ----------
    weight : ndarray of integers, shape (output channels, ...)
        Codes.
    weight_type : IntegerType
        Type of the weight codes, 1 to 16 bits.
    bias : ndarray of int64, shape (output channels,)
        Added to the accumulator.
    input_encoding, weight_encoding : Encoding
        How codes become the values that are multiplied.
    """

    weight: NDArray[np.integer]
    weight_type: IntegerType
    bias: Int64
    input_encoding: Encoding = Encoding()
    weight_encoding: Encoding = Encoding()

    def __post_init__(self) -> None:
        if self.weight_type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(f"weights are {self.weight_type}; allowed: 1 to 16 bits")
        object.__setattr__(self, "weight", frozen_codes(self.weight, self.weight_type, "weight"))
        object.__setattr__(self, "bias", frozen_codes(self.bias, _BIAS, "bias"))

    @property
    def weight_values(self) -> Int64:
        """The integers that multiply, in the shape of `weight`."""
        return self.weight_encoding.decode(self.weight)

    @property
    def has_border(self) -> bool:
        """Whether products lack taps at the ends of the image; see `Window.has_border`."""
        return False

    def _accumulate(self, tensor: Tensor, dimensions: int) -> tuple[Int64, Int64]:
        """Check the operands and return the bounds of the accumulators."""
        if self.weight.ndim != dimensions or 0 in self.weight.shape:
            raise UserError(
                f"weight has shape {self.weight.shape}; allowed: {dimensions} dimensions, none of "
                "them empty"
            )
        if self.bias.shape != self.weight.shape[:1]:
            raise UserError(
                f"bias has shape {self.bias.shape}; allowed: {self.weight.shape[:1]}, the output "
                "channels of the weight"
            )
        if tensor.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(
                f"its input is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits; requantize "
                "it first"
            )
        self.input_encoding.check(tensor.type, "the input")
        self.weight_encoding.check(self.weight_type, "weight")
        low, high = self.input_encoding.decode([tensor.minimum, tensor.maximum])
        # Zero is included because padding drops taps and partial sums lack some.
        low, high = min(int(low), 0), max(int(high), 0)
        values = self.weight_values.reshape(len(self.weight), -1)
        rising, falling = np.maximum(values, 0).sum(axis=1), np.minimum(values, 0).sum(axis=1)
        return (
            self.bias + rising * low + falling * high,
            self.bias + rising * high + falling * low,
        )
