"""Weights and biases of matrix operators, checked against their input's type."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import MAXIMUM_SCALE
from bittrue.golden.frontends.tflite.arithmetic import INT32, INT48
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.model import TensorInfo
from bittrue.golden.numbers.integer_type import IntegerType


def weights_of(site: Site, output_axis: int) -> tuple[np.ndarray, TensorInfo, IntegerType]:
    """Return the weights of a matrix operator, checked against its input's type."""
    info = site.input(1)
    unsigned = not site.source().type.signed
    weight = constant(info, *(("UINT8",) if unsigned else ("INT8", "INT4")))
    if not info.quantized:
        raise UserError(f"{info} has no scale; quantize the whole model")
    channels = weight.shape[output_axis] if weight.ndim > output_axis else 0
    per_channel = info.scale.size > 1
    if per_channel and (info.scale.size != channels or info.axis != output_axis):
        raise UserError(
            f"{info} has {info.scale.size} scales along dimension {info.axis}; allowed: 1, or one "
            f"for each of the {channels} outputs along dimension {output_axis}"
        )
    if (info.zero_point != 0).any() and not unsigned:
        raise UserError(f"{info} has a zero point that is not 0; allowed: 0 for signed weights")
    if unsigned and per_channel:
        raise UserError(f"{info} has several scales; allowed: one for UINT8")
    if info.scale.max() > MAXIMUM_SCALE:
        raise UserError(f"{info} has scale {info.scale.max()}; allowed: up to 2**40")
    assert info.type is not None
    return weight, info, info.type


def bias_of(site: Site, channels: int) -> np.ndarray:
    """Return the bias of an operator, zeros where it has none."""
    info = site.optional_input(2)
    if info is None:
        return np.zeros(channels, dtype=np.int64)
    wide = ("INT64",) if site.source().type.width == 16 else ()
    return constant(info, "INT32", *wide)


def accumulator_of(site: Site) -> IntegerType:
    """Return the type that the reference adds in; for 16-bit inputs the bias decides."""
    bias = site.optional_input(2)
    narrow = bias is not None and bias.type_name == "INT32"
    return INT32 if site.source().type.width == 8 or narrow else INT48
