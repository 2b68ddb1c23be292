"""Real values to codes and back, in float32: `QuantType` says what the codes stand for."""

from enum import Enum

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.quantization import QuantType


class QuantizeRounding(Enum):
    """How a runtime turns a real value into the nearest code, before the zero point is added.

    All compute in float32. They differ on ties, and where ``1 / scale`` is not exact.
    """

    HALF_EVEN = "half_even"
    """``round_half_even(x / scale)``: ONNX QuantizeLinear."""
    HALF_AWAY = "half_away"
    """``round_half_away(x / scale)``: LiteRT's reference QUANTIZE."""
    HALF_EVEN_RECIPROCAL = "half_even_reciprocal"
    """``round_half_even(x * (1 / scale))``: LiteRT's optimized QUANTIZE, XNNPACK, torch."""


def quantized(
    real: Tensor, kind: QuantType, rounding: QuantizeRounding = QuantizeRounding.HALF_EVEN
) -> Tensor:
    """Return the codes of real values: rounded, zero point added, saturated; or their signs.

    Parameters
    ----------
    real : Tensor of a floating dtype
        Converted to float32; infinities saturate. As a sign, zero counts as positive.
    kind : QuantType
        What the codes stand for.
    rounding : QuantizeRounding
        Whose arithmetic.

    Returns
    -------
    Tensor of int64
        The shape of `real`.

    Raises
    ------
    UserError
        If a value is not a number.
    """
    if kind.bipolar:
        return (real >= 0).long()
    values = real.to(torch.float32)
    if values.isnan().any():
        raise UserError("real has NaN elements, which have no code")
    scale = torch.tensor(kind.scale32)
    if rounding is QuantizeRounding.HALF_EVEN_RECIPROCAL:
        scaled = values * (1 / scale)
    else:
        scaled = values / scale
    if rounding is QuantizeRounding.HALF_AWAY:
        # float64 holds every float32 plus one half exactly.
        rounded = torch.copysign((scaled.abs().to(torch.float64) + 0.5).floor(), scaled)
    else:
        rounded = scaled.round()
    span = kind.type.maximum - kind.type.minimum
    levels = rounded.clamp(-span, span).to(torch.int64)
    return (levels + kind.zero_point).clamp(kind.minimum, kind.maximum)


def dequantized(codes: Tensor, kind: QuantType) -> Tensor:
    """Return ``scale * value`` in float32, rounded once."""
    wide = codes.to(torch.int64)
    values = 2 * wide - 1 if kind.bipolar else wide - kind.zero_point
    return values.to(torch.float32) * torch.tensor(kind.scale32)
