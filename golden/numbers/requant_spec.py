"""What a requantizer can be given: its widths, and the values of each channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import (
    LARGEST_RIGHT_SHIFT,
    MAXIMUM_ACCUMULATOR_WIDTH,
    MAXIMUM_MULTIPLIER_WIDTH,
    MAXIMUM_OUTPUT_WIDTH,
    MAXIMUM_STOCHASTIC_OUTPUT_WIDTH,
    WIDEST_MULTIPLIER,
)
from bittrue.golden.numbers.rounding import Rounding


@dataclass(frozen=True)
class RequantSpec:
    """Widths of a fixed-point requantizer; golden, circuit and tests share one object.

        output = clamp(round(accumulator * multiplier / 2**shift) + zero_point)
        shift = multiplier_width - exponent

    Parameters
    ----------
    accumulator : IntegerType
        Signed, 2 to 48 bits.
    output : IntegerType
        Signed or unsigned, 1 to 32 bits, or to 16 where stochastic rounding is among the roundings;
        also the type of zero point and clamp bounds.
    multiplier_width : int
        Bits of the unsigned multiplier, 1 to 31, all of them fraction bits (31 is TFLite's Q0.31).
        Up to 62 with exponents of at most 0 and roundings that round once.
    minimum_exponent, maximum_exponent : int
        Range of the exponent, within [-31, multiplier_width]; positive means a left shift.
    roundings : tuple of Rounding
        What the circuit can be asked to do; more than one makes the rounding a run-time input.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    accumulator: IntegerType = IntegerType(32, True)
    output: IntegerType = IntegerType(8, True)
    multiplier_width: int = MAXIMUM_MULTIPLIER_WIDTH
    minimum_exponent: int = -31
    maximum_exponent: int = 30
    roundings: tuple[Rounding, ...] = (Rounding.TFLITE_DOUBLE,)

    def __post_init__(self) -> None:
        if not (self.accumulator.signed and 2 <= self.accumulator.width <= 48):
            raise UserError(
                f"accumulator is {self.accumulator}; "
                f"allowed: int2 to int{MAXIMUM_ACCUMULATOR_WIDTH}"
            )
        stochastic = Rounding.STOCHASTIC in self.roundings
        widest = MAXIMUM_STOCHASTIC_OUTPUT_WIDTH if stochastic else MAXIMUM_OUTPUT_WIDTH
        if self.output.width > widest:
            raise UserError(
                f"output is {self.output}; allowed: 1 to {widest} bits, signed or unsigned"
                + (", with stochastic rounding" if stochastic else "")
            )
        simple = self.maximum_exponent <= 0 and not any(r.rounds_twice for r in self.roundings)
        widest = WIDEST_MULTIPLIER if simple else MAXIMUM_MULTIPLIER_WIDTH
        if not 1 <= self.multiplier_width <= widest:
            raise UserError(
                f"multiplier_width is {self.multiplier_width!r}; allowed: 1 to {widest} bits"
                + ("" if simple else "; more where exponents are at most 0, and all round once")
            )
        if (
            not -LARGEST_RIGHT_SHIFT
            <= self.minimum_exponent
            <= self.maximum_exponent
            <= self.multiplier_width
        ):
            raise UserError(
                f"minimum_exponent..maximum_exponent is {self.minimum_exponent}.."
                f"{self.maximum_exponent}; allowed: an ascending range within "
                f"-31..{self.multiplier_width} (multiplier_width)"
            )
        if not self.roundings or len(set(self.roundings)) != len(self.roundings):
            names = ", ".join(rounding.value for rounding in Rounding)
            raise UserError(
                f"roundings is {[r.value for r in self.roundings]!r}; "
                f"allowed: one or more, each once, of {names}"
            )

    @property
    def minimum_shift(self) -> int:
        """Smallest total right shift of the product."""
        return self.multiplier_width - self.maximum_exponent

    @property
    def maximum_shift(self) -> int:
        """Largest total right shift of the product."""
        return self.multiplier_width - self.minimum_exponent


@dataclass(frozen=True, eq=False, init=False)
class RequantChannels:
    """Multiplier, exponent, zero point and clamp of each channel, checked against a spec.

    Parameters
    ----------
    spec : RequantSpec
        The widths that the values must fit.
    multiplier, exponent : array_like of int
        Shape (channels,), or a scalar for all channels.
    zero_point : array_like of int, default 0
        Added after rounding; a code of the output type.
    minimum, maximum : array_like of int, optional
        Clamp of the result; by default the range of the output type.

    Raises
    ------
    UserError
        Naming the first value out of range and its channel.
    """

    spec: RequantSpec
    multiplier: Int64
    exponent: Int64
    zero_point: Int64
    minimum: Int64
    maximum: Int64

    def __init__(
        self,
        spec: RequantSpec,
        multiplier: ArrayLike,
        exponent: ArrayLike,
        zero_point: ArrayLike = 0,
        minimum: ArrayLike | None = None,
        maximum: ArrayLike | None = None,
    ) -> None:
        output = spec.output
        given: dict[str, ArrayLike] = {
            "multiplier": multiplier,
            "exponent": exponent,
            "zero_point": zero_point,
            "minimum": output.minimum if minimum is None else minimum,
            "maximum": output.maximum if maximum is None else maximum,
        }
        object.__setattr__(self, "spec", spec)
        arrays = {name: np.atleast_1d(np.asarray(values)) for name, values in given.items()}
        channels = max(array.size for array in arrays.values())
        allowed = {
            "multiplier": (0, (1 << spec.multiplier_width) - 1),
            "exponent": (spec.minimum_exponent, spec.maximum_exponent),
            "zero_point": (output.minimum, output.maximum),
            "minimum": (output.minimum, output.maximum),
            "maximum": (output.minimum, output.maximum),
        }
        for name, array in arrays.items():
            if array.ndim != 1 or array.size not in (1, channels) or array.dtype.kind not in "iu":
                raise UserError(
                    f"{name} has shape {array.shape} and type {array.dtype}; "
                    f"allowed: integers, one for all or one for each of {channels} channels"
                )
            low, high = allowed[name]
            outside = np.flatnonzero((array < low) | (array > high))
            if outside.size:
                channel = outside[0]
                raise UserError(
                    f"{name} of channel {channel} is {array[channel]}; allowed: {low} to {high}"
                )
            frozen = np.broadcast_to(array, (channels,)).astype(np.int64)
            frozen.setflags(write=False)
            object.__setattr__(self, name, frozen)
        crossed = np.flatnonzero(self.minimum > self.maximum)
        if crossed.size:
            channel = crossed[0]
            raise UserError(
                f"minimum of channel {channel} is {self.minimum[channel]}, above its maximum "
                f"{self.maximum[channel]}; the clamp must hold at least one code"
            )

    def __len__(self) -> int:
        return len(self.multiplier)

    @property
    def shift(self) -> Int64:
        """Total right shift of the product, shape (channels,)."""
        return self.spec.multiplier_width - self.exponent
