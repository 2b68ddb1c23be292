"""What codes stand for: ``real = scale * value``, the value being code and zero point, or a sign.

B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, equation 1. M. Rastegari et al., "XNOR-Net", ECCV
2016, for signs.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType

UINT1 = IntegerType(1, False)
"""The type of bipolar codes."""


@dataclass(frozen=True)
class Encoding:
    """How a code stands for the integer that arithmetic uses.

        value = code - zero_point          affine
        value = 2 * code - 1               bipolar: a one-bit code stands for -1 or +1

    Parameters
    ----------
    zero_point : int
        The code of zero; zero when bipolar.
    bipolar : bool
        Only for uint1 codes. Bipolar numbers have no zero.
    """

    zero_point: int = 0
    bipolar: bool = False

    def decode(self, codes: ArrayLike) -> Int64:
        """Return the values of codes."""
        wide = np.asarray(codes, dtype=np.int64)
        return 2 * wide - 1 if self.bipolar else wide - self.zero_point

    def check(self, kind: IntegerType, what: str) -> None:
        """Refuse an encoding that codes of a type cannot have.

        Raises
        ------
        UserError
            Starting with `what`.
        """
        if self.bipolar and (kind != UINT1 or self.zero_point != 0):
            raise UserError(
                f"{what} is bipolar with type {kind} and zero point {self.zero_point}; "
                "bipolar codes are uint1 with zero point 0"
            )
        if self.zero_point not in kind:
            raise UserError(
                f"{what} has zero point {self.zero_point}; allowed: a code of {kind}, "
                f"{kind.minimum} to {kind.maximum}"
            )


@dataclass(frozen=True)
class Quantization:
    """What the codes of a tensor mean to the user: ``real = scale * value``.

    Kept beside the arithmetic, never part of it. Scales are exact: a float32 is a fraction.

    Parameters
    ----------
    scale : Fraction
        Positive.
    encoding : Encoding
        How codes become values.
    """

    scale: Fraction
    encoding: Encoding = Encoding()

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise UserError(f"scale is {self.scale}; scales are positive")


@dataclass(frozen=True)
class QuantType:
    """The codes of a type, and what they mean.

    Parameters
    ----------
    type : IntegerType
    quantization : Quantization
    narrow : bool
        Leaves out the lowest code of a signed type, so that the range is symmetric.

    Raises
    ------
    UserError
        If the zero point is no code that is left, or codes that are bipolar are not uint1.
    """

    type: IntegerType
    quantization: Quantization
    narrow: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "narrow", self.narrow and self.type.signed)
        self.encoding.check(self.type, "a quantized tensor")
        if self.zero_point < self.minimum:
            raise UserError(
                f"zero_point is {self.zero_point}; allowed: {self.minimum} to {self.maximum}"
            )

    @classmethod
    def affine(
        cls, type: IntegerType, scale: float | np.float32, zero_point: int = 0, narrow: bool = False
    ) -> "QuantType":
        """Return codes with ``real = scale * (code - zero_point)``.

        Parameters
        ----------
        type : IntegerType
        scale : float
            Taken as float32, as tools keep it.
        zero_point : int
        narrow : bool

        Raises
        ------
        UserError
            If the scale is not positive and finite.
        """
        single = float(np.float32(scale))
        if not (np.isfinite(single) and single > 0):
            raise UserError(f"scale is {single}; allowed: positive and finite")
        return cls(type, Quantization(Fraction(single), Encoding(zero_point)), narrow)

    @classmethod
    def signs(cls, scale: float = 1.0) -> "QuantType":
        """Return codes of one bit, which stand for ``-scale`` and ``+scale``."""
        if not (np.isfinite(scale) and scale > 0):
            raise UserError(f"scale is {scale}; allowed: positive and finite")
        return cls(UINT1, Quantization(Fraction(float(scale)), Encoding(bipolar=True)))

    @property
    def encoding(self) -> Encoding:
        """How codes become values."""
        return self.quantization.encoding

    @property
    def bipolar(self) -> bool:
        """Whether the codes are signs."""
        return self.encoding.bipolar

    @property
    def zero_point(self) -> int:
        """The code of zero; zero when bipolar."""
        return self.encoding.zero_point

    @property
    def scale(self) -> float:
        """What one step stands for, as a float64."""
        return float(self.quantization.scale)

    @property
    def scale32(self) -> np.float32:
        """What one step stands for, as a float32."""
        return np.float32(self.scale)

    @property
    def minimum(self) -> int:
        """Lowest code."""
        return self.type.minimum + self.narrow

    @property
    def maximum(self) -> int:
        """Highest code."""
        return self.type.maximum

    @property
    def steps(self) -> tuple[int, int]:
        """The lowest and the highest value, in steps of the scale."""
        low, high = self.encoding.decode([self.minimum, self.maximum])
        return int(low), int(high)


def symmetric_scale(magnitude: ArrayLike, codes: IntegerType) -> Float32:
    """Return the scales with which codes around a zero point of 0 just reach +-`magnitude`.

        scale = magnitude / codes.maximum

    The lowest signed code is left out, as TFLite does for weights. A magnitude of zero gets scale
    1: every scale represents it.

    Raises
    ------
    UserError
        If a magnitude is negative or not finite, or the type has no positive code.
    """
    values = np.asarray(magnitude, dtype=np.float64)
    if not np.all(np.isfinite(values) & (values >= 0)):
        raise UserError(f"magnitude is {magnitude!r}; allowed: finite and not negative")
    if codes.maximum == 0:
        raise UserError(f"codes is {codes}, which has no positive code; allowed: 2 bits or more")
    return np.where(values > 0, values / codes.maximum, 1.0).astype(np.float32)


def power_of_two_scale(magnitude: ArrayLike, codes: IntegerType) -> Float32:
    """Return the smallest powers of two with which codes around 0 reach +-`magnitude`.

    scale = 2 ** ceil(log2(magnitude / codes.maximum))
    """
    mantissa, exponent = np.frexp(symmetric_scale(magnitude, codes))
    return np.ldexp(np.float32(1), exponent - (mantissa == 0.5)).astype(np.float32)


def asymmetric_scale(low: ArrayLike, high: ArrayLike, codes: IntegerType) -> tuple[Float32, Int64]:
    """Return scales and zero points whose codes span [`low`, `high`], widened to contain 0.0.

        scale = (high - low) / (codes.maximum - codes.minimum)
        zero_point = round(codes.minimum - low / scale)

    so that 0.0 has a code of its own and padding with it adds no error (Jacob et al., section 2.1).
    A range of zero width gets scale 1.

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
    return scale, np.clip(zero_point, codes.minimum, codes.maximum)
