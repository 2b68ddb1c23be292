"""Constant tensors of a file."""

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.model import TensorInfo
from bittrue.golden.numbers.integer_type import IntegerType


def constant(info: TensorInfo, *allowed: str) -> NDArray[np.integer]:
    """Return the elements of a constant tensor of an allowed type, in its shape.

    Raises
    ------
    UserError
        If it is no constant, of another type, sparse, or not as long as its shape.
    """
    if info.data is None:
        raise UserError(f"{info} is no constant; allowed: a constant")
    if info.type is None or info.type_name not in allowed:
        raise UserError(f"{info} has type {info.type_name}; allowed: {', '.join(allowed)}")
    if info.sparse:
        raise UserError(f"{info} is sparse; allowed: dense constants; densify the model first")
    count = 1
    for size in info.shape:
        count *= size
    elements = _elements(info.data, info.type, count)
    if elements.size != count:
        raise UserError(f"{info} has {len(info.data)} bytes, which its shape {info.shape} does not")
    return elements.reshape(info.shape)


def _elements(data: bytes, kind: IntegerType, count: int) -> NDArray[np.integer]:
    if kind.width == 4:  # Two to a byte, the first in the low half.
        packed = np.frombuffer(data, np.int8)
        codes = np.stack([packed << 4 >> 4, packed >> 4], axis=-1).reshape(-1)
        return codes[:count] if len(packed) == (count + 1) // 2 else codes[:0]
    dtype = np.dtype(f"<{'i' if kind.signed else 'u'}{kind.width // 8}")
    return np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
