"""The affine map between real values and codes: ``real = scale * (code - zero_point)``.

One scale and zero point for a tensor, or one for each slice along an axis ("per channel").
B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, equation 1.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType


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


@dataclass(frozen=True, eq=False, init=False)
class AffineMap:
    """Scales, zero points and code range of a quantized tensor.

    Parameters
    ----------
    codes : IntegerType
        Type of the codes, 1 to 16 bits.
    scale : array_like of float32
        Positive and finite; a scalar for the whole tensor, or shape (channels,).
    zero_point : array_like of int, default 0
        The code of 0.0, within the code range; one for all or shape (channels,).
    axis : int, optional
        Axis of the channels; None with a single scale and zero point.
    narrow : bool
        Leaves out the lowest code of a signed type, so that the range is symmetric.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    codes: IntegerType
    scale: Float32
    zero_point: Int64
    axis: int | None
    narrow: bool

    def __init__(
        self,
        codes: IntegerType,
        scale: ArrayLike,
        zero_point: ArrayLike = 0,
        axis: int | None = None,
        narrow: bool = False,
    ) -> None:
        if codes.width > 16:
            raise UserError(f"codes is {codes}; allowed: 1 to 16 bits, signed or unsigned")
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "axis", axis)
        object.__setattr__(self, "narrow", narrow and codes.signed)
        given = np.atleast_1d(np.asarray(scale, dtype=np.float32)), np.atleast_1d(zero_point)
        channels = 1 if axis is None else max(1, *(values.size for values in given))
        if any(values.ndim != 1 or values.size not in (1, channels) for values in given):
            shapes = " and ".join(str(values.shape) for values in given)
            raise UserError(
                f"scale and zero_point have shapes {shapes} with axis {axis}; "
                "allowed: one value, or one per channel of an axis"
            )
        scales, zero_points = np.broadcast_arrays(*given)
        usable = np.isfinite(scales) & (scales > 0)
        if not usable.all():
            channel = int(np.argmin(usable))
            raise UserError(
                f"scale of channel {channel} is {scales[channel]}; allowed: positive and finite"
            )
        if zero_points.dtype.kind not in "iu":
            raise UserError(f"zero_point has type {zero_points.dtype}; allowed: integers")
        inside = (zero_points >= self.minimum) & (zero_points <= self.maximum)
        if not inside.all():
            channel = int(np.argmin(inside))
            raise UserError(
                f"zero_point of channel {channel} is {zero_points[channel]}; "
                f"allowed: {self.minimum} to {self.maximum}"
            )
        frozen_scales, frozen_zero_points = scales.copy(), zero_points.astype(np.int64)
        frozen_scales.setflags(write=False)
        frozen_zero_points.setflags(write=False)
        object.__setattr__(self, "scale", frozen_scales)
        object.__setattr__(self, "zero_point", frozen_zero_points)

    @classmethod
    def symmetric(
        cls, magnitude: ArrayLike, codes: IntegerType, axis: int | None = None
    ) -> "AffineMap":
        """Return the map with zero point 0 that just reaches +-`magnitude`.

            scale = magnitude / codes.maximum

        The lowest signed code is left out, as TFLite does for weights. A magnitude of zero gets
        scale 1: every scale represents it.

        Raises
        ------
        UserError
            If a magnitude is negative or not finite, or the type has no positive code.
        """
        return cls(codes, _fitting_scale(magnitude, codes), axis=axis, narrow=True)

    @classmethod
    def power_of_two(
        cls, magnitude: ArrayLike, codes: IntegerType, axis: int | None = None
    ) -> "AffineMap":
        """Return the symmetric map with the smallest power of two that reaches +-`magnitude`.

        scale = 2 ** ceil(log2(magnitude / codes.maximum))
        """
        mantissa, exponent = np.frexp(_fitting_scale(magnitude, codes))
        scale = np.ldexp(1.0, exponent - (mantissa == 0.5))
        return cls(codes, scale, axis=axis, narrow=True)

    @classmethod
    def asymmetric(
        cls, low: ArrayLike, high: ArrayLike, codes: IntegerType, axis: int | None = None
    ) -> "AffineMap":
        """Return the map whose codes span [`low`, `high`], widened to contain 0.0.

            scale = (high - low) / (codes.maximum - codes.minimum)
            zero_point = round(codes.minimum - low / scale)

        so that 0.0 has a code of its own and padding with it adds no error (Jacob et al.,
        section 2.1). A range of zero width gets scale 1.

        Raises
        ------
        UserError
            If a bound is not finite or `low` is above `high`.
        """
        lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if not np.all(np.isfinite(lows) & np.isfinite(highs) & (lows <= highs)):
            raise UserError(f"range is {low!r} to {high!r}; allowed: finite and ascending")
        lows, highs = np.minimum(lows, 0.0), np.maximum(highs, 0.0)
        steps = codes.maximum - codes.minimum
        scale = np.where(highs > lows, (highs - lows) / steps, 1.0).astype(np.float32)
        zero_point = np.rint(codes.minimum - lows / scale).astype(np.int64)
        return cls(codes, scale, np.clip(zero_point, codes.minimum, codes.maximum), axis=axis)

    @property
    def minimum(self) -> int:
        """Lowest code."""
        return self.codes.minimum + self.narrow

    @property
    def maximum(self) -> int:
        """Highest code."""
        return self.codes.maximum

    def quantize(
        self, real: Tensor, rounding: QuantizeRounding = QuantizeRounding.HALF_EVEN
    ) -> Tensor:
        """Return the codes of real values: rounded, zero point added, saturated.

        Parameters
        ----------
        real : Tensor of a floating dtype
            Converted to float32; infinities saturate.
        rounding : QuantizeRounding
            Whose arithmetic.

        Returns
        -------
        Tensor of int64
            The shape of `real`.

        Raises
        ------
        UserError
            If a value is not a number, or the axis does not fit the channels.
        """
        values = real.to(torch.float32)
        if values.isnan().any():
            raise UserError("real has NaN elements, which have no code")
        scale, zero_point = self._aligned(values)
        if rounding is QuantizeRounding.HALF_EVEN_RECIPROCAL:
            scaled = values * (1 / scale)
        else:
            scaled = values / scale
        if rounding is QuantizeRounding.HALF_AWAY:
            # float64 holds every float32 plus one half exactly.
            rounded = torch.copysign((scaled.abs().to(torch.float64) + 0.5).floor(), scaled)
        else:
            rounded = scaled.round()
        span = self.codes.maximum - self.codes.minimum
        levels = rounded.clamp(-span, span).to(torch.int64)
        return (levels + zero_point).clamp(self.minimum, self.maximum)

    def dequantize(self, code: Tensor) -> Tensor:
        """Return ``scale * (code - zero_point)`` in float32, rounded once.

        Raises
        ------
        UserError
            If the axis does not fit the channels.
        """
        scale, zero_point = self._aligned(code)
        return (code.to(torch.int64) - zero_point).to(torch.float32) * scale

    def _aligned(self, tensor: Tensor) -> tuple[Tensor, Tensor]:
        """Return scale and zero point shaped to broadcast against a tensor."""
        shape = [1] * tensor.ndim
        if self.axis is not None:
            if not -tensor.ndim <= self.axis < tensor.ndim or (
                tensor.shape[self.axis] != self.scale.size
            ):
                raise UserError(
                    f"tensor has shape {tuple(tensor.shape)}; axis {self.axis} must have the "
                    f"{self.scale.size} channels of the map"
                )
            shape[self.axis] = self.scale.size
        scale, zero_point = (
            torch.from_numpy(values.copy()).reshape(shape)
            for values in (self.scale, self.zero_point)
        )
        return scale, zero_point


def _fitting_scale(magnitude: ArrayLike, codes: IntegerType) -> Float32:
    values = np.asarray(magnitude, dtype=np.float64)
    if not np.all(np.isfinite(values) & (values >= 0)):
        raise UserError(f"magnitude is {magnitude!r}; allowed: finite and not negative")
    if codes.maximum == 0:
        raise UserError(f"codes is {codes}, which has no positive code; allowed: 2 bits or more")
    return np.where(values > 0, values / codes.maximum, 1.0).astype(np.float32)
