"""What a requantizer refuses, and how it says so."""

from typing import Any

import numpy as np
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"accumulator": IntegerType(49, True)}, "accumulator is int49; allowed: int2 to int48"),
        ({"accumulator": IntegerType(1, True)}, "accumulator is int1; allowed: int2 to int48"),
        ({"accumulator": IntegerType(32, False)}, "accumulator is uint32; allowed"),
        ({"output": IntegerType(33, False)}, "output is uint33; allowed: 1 to 32 bits"),
        (
            {"output": IntegerType(17, False), "roundings": (Rounding.STOCHASTIC,)},
            "output is uint17; allowed: 1 to 16 bits, signed or unsigned, with stochastic rounding",
        ),
        ({"multiplier_width": 0}, "multiplier_width is 0; allowed: 1 to 31 bits"),
        ({"multiplier_width": 32}, "multiplier_width is 32; allowed: 1 to 31 bits"),
        ({"minimum_exponent": -32}, r"minimum_exponent..maximum_exponent is -32..30; allowed"),
        ({"minimum_exponent": 3, "maximum_exponent": 2}, "an ascending range within -31..31"),
        ({"multiplier_width": 15, "maximum_exponent": 16}, r"within -31..15 \(multiplier_width\)"),
        ({"roundings": ()}, r"roundings is \[\]; allowed: one or more, each once, of tflite_doub"),
        ({"roundings": (Rounding.RUY, Rounding.RUY)}, r"roundings is \['ruy', 'ruy'\]"),
    ],
)
def test_specification_out_of_range(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        RequantSpec(**parameters)


def test_shift_range_follows_the_exponents() -> None:
    spec = RequantSpec(multiplier_width=15, minimum_exponent=-7, maximum_exponent=4)
    assert (spec.minimum_shift, spec.maximum_shift) == (11, 22)
    assert RequantChannels(spec, 1, [-7, 0, 4]).shift.tolist() == [22, 15, 11]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"multiplier": [0, -1]}, "multiplier of channel 1 is -1; allowed: 0 to 2147483647"),
        ({"multiplier": 1 << 31}, "multiplier of channel 0 is 2147483648; allowed"),
        ({"exponent": [0, 0, 31]}, "exponent of channel 2 is 31; allowed: -31 to 30"),
        ({"zero_point": 128}, "zero_point of channel 0 is 128; allowed: -128 to 127"),
        ({"minimum": -129}, "minimum of channel 0 is -129; allowed: -128 to 127"),
        ({"maximum": 128}, "maximum of channel 0 is 128; allowed: -128 to 127"),
        ({"minimum": [0, 3], "maximum": 2}, "minimum of channel 1 is 3, above its maximum 2"),
        ({"multiplier": 0.5}, "multiplier has shape .* type float64; allowed: integers, one for"),
        ({"multiplier": []}, r"multiplier has shape \(0,\)"),
        ({"zero_point": [[1, 2]]}, r"zero_point has shape \(1, 2\) and type int64; allowed: int"),
        ({"multiplier": [1, 2, 3], "zero_point": [0, 0]}, r"zero_point has shape \(2,\).*of 3 ch"),
    ],
)
def test_channel_values_out_of_range(parameters: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"spec": RequantSpec(), "multiplier": 1, "exponent": 0}
    with pytest.raises(UserError, match=message):
        RequantChannels(**(usual | parameters))


def test_channel_values_cannot_be_changed_afterwards() -> None:
    given = np.array([5, 6])
    channels = RequantChannels(RequantSpec(), given, 0)
    given[0] = 9
    assert channels.multiplier.tolist() == [5, 6]
    with pytest.raises(ValueError, match="read-only"):
        channels.multiplier[0] = 9
