"""Constant weights, dequantized or with scales beside them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import scales
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.values import QuantizedConstant
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.integer_type import IntegerType


class Weights:
    """Codes of a weight with the output channels first.

    Parameters
    ----------
    constant : QuantizedConstant
    axis : int
        The output channels in it.

    Attributes
    ----------
    codes : ndarray of int64
    type : IntegerType
    encoding : Encoding
    scale : ndarray of float32
        One, or one per output channel.
    """

    def __init__(self, constant: QuantizedConstant, axis: int) -> None:
        channels = constant.codes.shape[axis]
        self.scale = _per_channel(constant.scale, axis, channels, "scales")
        zero_point = _per_channel(constant.zero_point, axis, channels, "zero points")
        self.codes = np.moveaxis(constant.codes, axis, 0)
        self.type = constant.type
        self.encoding = Encoding(bipolar=constant.bipolar)
        if (zero_point == zero_point[0]).all():
            if not constant.bipolar:
                self.encoding = Encoding(int(zero_point[0]))
        else:
            wide = zero_point.reshape(-1, *(1,) * (self.codes.ndim - 1))
            self.codes = self.codes - wide
            low, high = int(self.codes.min()), int(self.codes.max())
            self.type = IntegerType.spanning(min(low, -1), high)


def _per_channel(values: NDArray[Any], axis: int, channels: int, what: str) -> NDArray[Any]:
    if values.size == 1:
        return values.reshape(1)
    if values.size != channels or values.shape[axis] != channels:
        raise UserError(
            f"its weights have {what} of shape {values.shape}; allowed: one, or one for each of "
            f"the {channels} outputs"
        )
    return values.reshape(-1)


def weights_of(site: Site, position: int, rank: int, axis: int) -> Weights:
    """Return an input of dequantized weights with the output channels along an axis."""
    value = site.take(position, QuantizedConstant)
    if value.codes.ndim != rank or 0 in value.codes.shape:
        raise UserError(
            f"its weights have shape {value.codes.shape}; allowed: {rank} dimensions, none empty"
        )
    return Weights(value, axis)


def named_weights(
    site: Site, position: int, scale: int, zero_point: int, rank: int, axis: int
) -> Weights:
    """Return weights whose scale and zero point are inputs of the operator itself."""
    constant = site.take(position, Constant)
    if constant.type is None or constant.values.ndim != rank or 0 in constant.values.shape:
        raise UserError(
            f"its weights have shape {constant.values.shape}; allowed: integers of {rank} "
            "dimensions, none empty"
        )
    along = [1] * rank
    along[axis] = -1
    zero_points = np.zeros(1, dtype=np.int64)
    if site.has(zero_point):
        zero_points = site.take(zero_point, Constant).values.astype(np.int64)
    factors = scales(site, scale, weights=True) if scale >= 0 else np.ones(1, dtype=np.float32)
    for values in (zero_points, factors):
        if values.size not in (1, constant.values.shape[axis]):
            raise UserError(
                f"its weights have {values.size} scales or zero points; allowed: one, or one for "
                f"each of the {constant.values.shape[axis]} outputs"
            )
    value = QuantizedConstant(
        constant.values, constant.type, factors.reshape(along), zero_points.reshape(along)
    )
    return Weights(value, axis)
