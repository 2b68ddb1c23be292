"""Sigmoids whose sums are near ties, where runtimes round to other codes."""

from typing import Any

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import convert_tflite
from tests.support.tflite_builder import TfliteBuilder
from tests.support.tflite_comparison import Runtime
from tests.support.tflite_fixtures import LITERT, XNNPACK

NEAR_TIES = [
    (np.uint8, 0.014037, 50),
    (np.uint8, 0.002729, 122),
    (np.uint8, 0.002033, 182),
    (np.int8, 0.001217, -106),
    (np.int8, 0.002729, -112),
    (np.int8, 0.010165, -58),
]
"""Type, scale and zero point of inputs for which one code of the two profiles differs."""


def every_sigmoid(dtype: Any, scale: float, zero_point: int) -> bytes:
    """Return a network that makes the sigmoid of every code."""
    builder = TfliteBuilder()
    x = builder.tensor("x", dtype, (1, 256), scale, zero_point)
    y = builder.tensor("y", dtype, (1, 256), 1 / 256, np.iinfo(dtype).min)
    builder.operator("LOGISTIC", [x], [y])
    return builder.build([x], [y])


@pytest.mark.parametrize(("dtype", "scale", "zero_point"), NEAR_TIES)
def test_each_profile_equals_its_runtime(dtype: Any, scale: float, zero_point: int) -> None:
    model, limits = every_sigmoid(dtype, scale, zero_point), np.iinfo(dtype)
    codes = {"x": np.arange(limits.min, limits.max + 1).astype(dtype)[None]}
    made = []
    for profile in (LITERT, XNNPACK):
        expected = Runtime(model, profile).run(codes, ["y"])["y"]
        made.append(Executor(convert_tflite(model, profile)).run(codes)["y"])
        assert np.array_equal(made[-1], expected), profile
    assert (made[0] != made[1]).sum() == 1
