"""Network layers with example contents, so that each can be looked at alone."""

from enum import Enum

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from flows.units.unit import Parameter, Unit, parse_flag
from golden.certify import certify_requantization
from golden.errors import UserError
from golden.graph import AccumulatorBounds, FixedPoint, Requantization
from golden.integer_type import IntegerType
from golden.multiplier import quantize_multiplier
from golden.requant_spec import RequantChannels, RequantSpec
from golden.rounding import Rounding
from hdl.layers.channel_requant import ChannelRequantizer

Int64 = NDArray[np.int64]


class RequantizerKind(Enum):
    """How accumulators become codes."""

    CERTIFIED = "certified"
    GENERIC = "generic"
    NONE = "none"

    @classmethod
    def parse(cls, text: str) -> "RequantizerKind":
        """Read a name.

        Raises
        ------
        UserError
            Listing the names.
        """
        names = [kind.value for kind in cls]
        if text not in names:
            raise UserError(f"no requantizer is named {text!r}; choose one of {', '.join(names)}")
        return cls(text)


def example_fixed_point(
    bounds: AccumulatorBounds, output: IntegerType, entries: int, seed: int = 1
) -> FixedPoint:
    """Return a requantization under which accumulators within bounds reach most codes.

    Multipliers, as many as `entries`, are random; codes are clamped as ReLU does.
    """
    rng = np.random.default_rng(seed)
    reach = np.maximum(bounds.maximum, -bounds.minimum).max()
    scales = (1 << output.width) / reach * rng.uniform(0.4, 1.6, entries)
    spec = RequantSpec(IntegerType(48, True), output, maximum_exponent=31)
    multiplier, exponent = quantize_multiplier(scales)
    zero_point = output.minimum + (1 << output.width) // 4
    channels = RequantChannels(spec, multiplier, exponent, zero_point, output.minimum + 1)
    return FixedPoint(channels, Rounding.TFLITE_DOUBLE)


def example_requantization(
    kind: RequantizerKind, bounds: AccumulatorBounds, output: IntegerType, entries: int
) -> Requantization | None:
    """Return `example_fixed_point`, or a certificate that equals it, or None."""
    if kind is RequantizerKind.NONE:
        return None
    requantization = example_fixed_point(bounds, output, entries)
    if kind is RequantizerKind.CERTIFIED:
        return certify_requantization(requantization, bounds)
    return requantization


_REQUANTIZER = Parameter("certified", RequantizerKind.parse, "certified, generic or none")
_LANES = Parameter("4", int, "elements of a beat, a divisor of the channels")
_OUTPUT = Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits")

CHANNEL_REQUANT_PARAMETERS = {
    "requantizer": _REQUANTIZER,
    "accumulator": Parameter("int20", IntegerType.parse, "int2 to int48"),
    "output": _OUTPUT,
    "channels": Parameter("16", int, "at least 1"),
    "lanes": _LANES,
    "entries": Parameter("16", int, "scales: 1, or as many as channels"),
    "bias": Parameter("yes", parse_flag, "yes or no"),
}


def example_bounds(accumulator: IntegerType, channels: int) -> AccumulatorBounds:
    """Return bounds within a type, other ones for each channel, as biases have them."""
    rng = np.random.default_rng(channels)
    limit = accumulator.maximum
    low, high = (
        rng.integers(-limit, -limit // 2, channels),
        rng.integers(limit // 2, limit, channels),
    )
    return AccumulatorBounds(low, high)


def example_bias(accumulator: IntegerType, channels: int) -> Int64:
    """Return a random bias for each channel."""
    limit = accumulator.maximum
    return np.random.default_rng(channels + 1).integers(-limit, limit, channels)


def _build_channel_requant(
    requantizer: RequantizerKind,
    accumulator: IntegerType,
    output: IntegerType,
    channels: int,
    lanes: int,
    entries: int,
    bias: bool,
) -> wiring.Component:
    bounds = example_bounds(accumulator, channels)
    return ChannelRequantizer(
        example_requantization(requantizer, bounds, output, entries),
        accumulator,
        example_bias(accumulator, channels) if bias else None,
        channels,
        lanes,
    )


LAYER_UNITS: dict[str, Unit] = {
    "channel_requant": Unit(
        "biases and requantizers of all channels, some channels at a time",
        _build_channel_requant,
        CHANNEL_REQUANT_PARAMETERS,
    ),
}
