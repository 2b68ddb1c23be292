"""How real numbers become codes: the rounding, the zero point and the clamp of one operator."""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import Encoding, Quantization, QuantType
from bittrue.golden.numbers.rounding import Rounding

LARGEST_SCALE = Fraction(1 << 40)
"""Beyond any network, like its inverse; between them no product or quotient of scales overflows."""


class Mode(Enum):
    """Roundings of a real number to an integer, as QONNX names them.

    ``HALF_UP`` and ``HALF_DOWN`` go by magnitude: away from zero and towards it.
    """

    HALF_EVEN = "HALF_EVEN"
    HALF_UP = "HALF_UP"
    HALF_DOWN = "HALF_DOWN"
    FLOOR = "FLOOR"
    CEIL = "CEIL"
    UP = "UP"
    DOWN = "DOWN"

    @classmethod
    def parse(cls, name: str) -> "Mode":
        """Return the mode of an attribute ``rounding_mode``."""
        aliases = {"ROUND": cls.HALF_EVEN, "ROUND_TO_ZERO": cls.DOWN}
        upper = name.upper()
        if upper in aliases:
            return aliases[upper]
        if upper not in cls.__members__:
            raise UserError(
                f"rounding_mode is {name!r}; allowed: ROUND, {', '.join(cls.__members__)}"
            )
        return cls[upper]

    @property
    def fixed_point(self) -> Rounding:
        """The rounding of a product that is exact which comes nearest."""
        return {
            Mode.HALF_UP: Rounding.SINGLE_HALF_AWAY,
            Mode.FLOOR: Rounding.FLOOR,
            Mode.DOWN: Rounding.TRUNCATE,
        }.get(self, Rounding.SINGLE_HALF_EVEN)

    def round(self, value: Fraction) -> int:
        """Round one number exactly."""
        floor = math.floor(value)
        match self:
            case Mode.HALF_EVEN:
                return round(value)
            case Mode.HALF_UP | Mode.HALF_DOWN:
                magnitude = abs(value)
                half = Fraction(1, 2)
                nearest = (
                    math.floor(magnitude + half)
                    if self is Mode.HALF_UP
                    else math.ceil(magnitude - half)
                )
                return nearest if value >= 0 else -nearest
            case Mode.FLOOR:
                return floor
            case Mode.CEIL:
                return math.ceil(value)
            case Mode.UP:
                return math.ceil(value) if value >= 0 else floor
            case Mode.DOWN:
                return floor if value >= 0 else math.ceil(value)

    def round_float(self, value: Float64) -> Float64:
        """Round numbers of at most 2**40."""
        half = np.copysign(0.5, value)
        match self:
            case Mode.HALF_EVEN:
                return np.rint(value)
            case Mode.HALF_UP:
                return np.trunc(value + half)
            case Mode.HALF_DOWN:
                return np.copysign(np.ceil(np.abs(value) - 0.5), value)
            case Mode.FLOOR:
                return np.floor(value)
            case Mode.CEIL:
                return np.ceil(value)
            case Mode.UP:
                return np.copysign(np.ceil(np.abs(value)), value)
            case Mode.DOWN:
                return np.trunc(value)


@dataclass(frozen=True)
class Quantizer:
    """Real numbers to codes.

        code = clamp(round(real / scale) + zero_point)      or, with `zero_point_first`,
        code = clamp(round(real / scale + zero_point))

    Parameters
    ----------
    kind : QuantType
        The codes, and what they stand for; those that are bipolar are 1 for numbers from zero
        upwards, standing for +scale.
    minimum, maximum : int
        Clamp; codes of the type.
    mode : Mode
    zero_point_first : bool
        Whether the zero point is added before rounding, as QONNX does.
    """

    kind: QuantType
    minimum: int
    maximum: int
    mode: Mode = Mode.HALF_EVEN
    zero_point_first: bool = False

    @classmethod
    def of_type(
        cls, kind: IntegerType, scale: float | Fraction, zero_point: int = 0, bipolar: bool = False
    ) -> "Quantizer":
        """Return ONNX's QuantizeLinear of a type.

        Raises
        ------
        UserError
            If the scale is beyond any network, or the zero point no code.
        """
        return cls(quant_type(kind, scale, zero_point, bipolar), kind.minimum, kind.maximum)

    @property
    def type(self) -> IntegerType:
        """Type of the codes."""
        return self.kind.type

    @property
    def scale(self) -> Fraction:
        """What one step stands for."""
        return self.kind.quantization.scale

    @property
    def zero_point(self) -> int:
        """The code of zero; zero when bipolar."""
        return self.kind.zero_point

    @property
    def bipolar(self) -> bool:
        """Whether codes are signs."""
        return self.kind.bipolar

    @property
    def encoding(self) -> Encoding:
        """How codes become values."""
        return self.kind.encoding

    @property
    def quantization(self) -> Quantization:
        """What the codes mean."""
        return self.kind.quantization

    def code(self, real: Fraction) -> int:
        """Return the code of one number, exactly."""
        if self.bipolar:
            return int(real >= 0)
        scaled = real / self.scale
        if self.zero_point_first:
            code = self.mode.round(scaled + self.zero_point)
        else:
            code = self.mode.round(scaled) + self.zero_point
        return min(max(code, self.minimum), self.maximum)

    def clamp(self, low: Fraction | None, high: Fraction | None) -> tuple[int, int]:
        """Return the codes that numbers between limits can get."""
        return (
            self.minimum if low is None else self.code(low),
            self.maximum if high is None else self.code(high),
        )

    def codes(self, real: Float64) -> Int64:
        """Return the codes of numbers that are exact, or as good as, in float64."""
        if self.bipolar:
            return (real >= 0).astype(np.int64)
        scaled = np.clip(real / float(self.scale), -(2.0**40), 2.0**40)
        if self.zero_point_first:
            rounded = self.mode.round_float(scaled + self.zero_point)
        else:
            rounded = self.mode.round_float(scaled) + self.zero_point
        return np.clip(rounded, self.minimum, self.maximum).astype(np.int64)


def quant_type(
    kind: IntegerType, scale: float | Fraction, zero_point: int = 0, bipolar: bool = False
) -> QuantType:
    """Return codes and what they mean, if a scale and zero point of a file can be theirs.

    Raises
    ------
    UserError
        If the scale is beyond any network, or the zero point no code.
    """
    exact = scale if isinstance(scale, Fraction) else finite_fraction(scale)
    if not 1 / LARGEST_SCALE <= exact <= LARGEST_SCALE:
        raise UserError(f"its scale is {float(exact):g}; allowed: 2**-40 to 2**40")
    if bipolar:
        return QuantType(kind, Quantization(exact, Encoding(bipolar=True)))
    if zero_point not in kind:
        raise UserError(f"its zero point is {zero_point}; allowed: a code of {kind}")
    return QuantType(kind, Quantization(exact, Encoding(zero_point)))


def finite_fraction(value: float) -> Fraction:
    """Return a number of a file exactly.

    Raises
    ------
    UserError
        If it is infinite or not a number.
    """
    if not math.isfinite(value):
        raise UserError(f"it has the number {value}; allowed: finite ones")
    return Fraction(float(value))
