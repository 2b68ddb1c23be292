"""The scale and zero point of a tensor, as the kernels see them."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.model import TensorInfo
from bittrue.golden.numbers.quantization import QuantType

MAXIMUM_SCALE = 2.0**40
"""Beyond any network, and low enough that no product or quotient of scales overflows float32."""


ACTIVATION_WIDTHS = (8, 16)
"""Bits of the codes that operators compute with."""

CONVERTED_WIDTHS = (*ACTIVATION_WIDTHS, 32)
"""Bits of the codes that QUANTIZE takes and makes, and that may so be inputs and outputs."""


def affine_of(
    tensor: TensorInfo,
    any_zero_point: bool = False,
    widths: tuple[int, ...] = ACTIVATION_WIDTHS,
) -> QuantType:
    """Return what an activation tensor's codes are; above 8 bits they are symmetric unless said.

    Raises
    ------
    UserError
        If the tensor is not quantized as activations are.
    """
    if tensor.type is None or tensor.type.width not in widths:
        wide = ", INT32" if 32 in widths else ""
        raise UserError(
            f"{tensor} has type {tensor.type_name}; allowed: INT8, UINT8, INT16{wide}; "
            f"{_advice(tensor)}"
        )
    if tensor.scale.size != 1:
        raise UserError(f"{tensor} has {tensor.scale.size} scales; allowed: one; {_advice(tensor)}")
    scale = float(tensor.scale[0])
    if not 1 / MAXIMUM_SCALE <= scale <= MAXIMUM_SCALE:
        raise UserError(f"{tensor} has scale {scale}; allowed: 2**-40 to 2**40")
    zero_point = int(tensor.zero_point[0])
    symmetric = tensor.type.width > 8 and not any_zero_point
    if zero_point not in tensor.type or (symmetric and zero_point != 0):
        raise UserError(
            f"{tensor} has zero point {zero_point}; allowed: a code of {tensor.type}, and 0 "
            "for int16 and int32"
        )
    return QuantType.affine(tensor.type, scale, zero_point)


def _advice(tensor: TensorInfo) -> str:
    """Return what to do about a tensor that is not quantized as activations are."""
    if tensor.real or tensor.scale.size > 1:
        return "quantize the whole model, inputs and outputs included"
    if tensor.quantized:
        return "only QUANTIZE takes and makes codes of other widths"
    return "its integers have no scale, so that they stand for no real values"


def require_equal(first: QuantType, second: QuantType) -> None:
    """Refuse an operator that only moves codes between tensors of several meanings."""
    if first != second:
        raise UserError(
            f"it only moves codes, but its input has scale {first.scale}, zero point "
            f"{first.zero_point} and its output {second.scale}, {second.zero_point}; they must be "
            "equal"
        )
