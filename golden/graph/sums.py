"""Bounds of sums of codes."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.numbers.quantization import Encoding


def sum_bounds(tensor: Tensor, encoding: Encoding, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of a sum of up to `count` values."""
    if tensor.type.width > MAXIMUM_CODE_WIDTH:
        raise UserError(f"its input is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
    encoding.check(tensor.type, "the input")
    low, high = encoding.decode([[tensor.minimum], [tensor.maximum]]) * count
    return np.minimum(low, 0), np.maximum(high, 0)
