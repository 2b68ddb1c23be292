"""The named ways in which references round a scaled accumulator."""

from enum import Enum


class Rounding(Enum):
    """Rounding of ``accumulator * scale`` to an integer, before zero point and clamp.

    With ``product = accumulator * multiplier`` and ``shift = multiplier_width - exponent``, the
    value to round is ``product / 2**shift``. Worked on 5/2, 7/2, -5/2 and 11/4 where it tells
    the members apart.
    """

    TFLITE_DOUBLE = "tflite_double"
    """Half up to ``multiplier_width`` fraction bits, then half away from zero.

    ``RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(acc << max(e, 0), M), max(-e, 0))`` of
    gemmlowp; LiteRT reference convolutions, TensorFlow Lite Micro, CMSIS-NN.
    """
    RUY = "ruy"
    """Half up to ``multiplier_width`` fraction bits, then half up again.

    LiteRT's optimized kernels without XNNPACK on x86.
    """
    SINGLE_HALF_UP = "single_half_up"
    """Once, ties towards +infinity: 3, 4, -2, 3. Single-rounding TFLite builds, 16x8 kernels."""
    SINGLE_HALF_AWAY = "single_half_away"
    """Once, ties away from zero: 3, 4, -3, 3."""
    SINGLE_HALF_EVEN = "single_half_even"
    """Once, ties to the even integer: 2, 4, -2, 3. HAWQ-V3."""
    FLOOR = "floor"
    """Towards -infinity: 2, 3, -3, 2. A plain arithmetic shift."""
    TRUNCATE = "truncate"
    """Towards zero: 2, 3, -2, 2."""
    STOCHASTIC = "stochastic"
    """Up with a probability equal to the fraction: ``floor(value + random / 2**RANDOM_BITS)``."""

    @property
    def rounds_twice(self) -> bool:
        """Whether a first rounding happens at ``multiplier_width`` fraction bits."""
        return self in (Rounding.TFLITE_DOUBLE, Rounding.RUY)


RANDOM_BITS = 16
"""Resolution of `Rounding.STOCHASTIC`: the probability is a multiple of 2**-16."""
