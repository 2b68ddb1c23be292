"""Relu and Clip."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.functions import applied
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Codes,
    FloatInput,
    Limits,
)
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.numbers.integer_type import IntegerType

Numbers = NDArray[Any]


@converts("Relu")
def _relu(site: Site, arithmetic: OnnxArithmetic) -> None:
    limits = Limits(Fraction(0), None)
    site.set(applied(site.take(0, *NUMBERS), lambda real: np.maximum(real, 0), limits))


@converts("Clip", attributes=("max", "min"))
def _clip(site: Site, arithmetic: OnnxArithmetic) -> None:
    low, high = (_limit(site, i, name) for i, name in ((1, "min"), (2, "max")))
    if low is not None and high is not None and low > high:
        raise UserError(f"its minimum {low} is above its maximum {high}")
    value = site.input(0)
    if isinstance(value, Codes):
        site.set(_clipped(site, arithmetic, value, low, high))
        return
    limits = Limits(*(None if v is None else finite_fraction(v) for v in (low, high)))
    bounds = (-np.inf if low is None else low, np.inf if high is None else high)

    def clip(real: Numbers) -> Numbers:
        return np.clip(real, *(np.asarray(bound, dtype=real.dtype) for bound in bounds))

    site.set(applied(site.take(0, *NUMBERS), clip, limits))


def _clipped(
    site: Site, arithmetic: OnnxArithmetic, codes: Codes, low: float | None, high: float | None
) -> Codes:
    """Return codes within limits, which are those of a narrower quantizer.

    As Brevitas writes types that ONNX has not: QuantizeLinear, Clip, DequantizeLinear. Integer
    kernels of ONNX Runtime make whole bytes first, so its own arithmetic clips these.
    """
    source = codes.activation
    least = source.type.minimum if low is None else max(int(low), source.type.minimum)
    most = source.type.maximum if high is None else min(int(high), source.type.maximum)
    if least > most:
        raise UserError(f"it limits {source.type} to {low} to {high}, where it has no codes")
    if codes.made_of is not None and arithmetic.name == "onnx":
        value, quantizer = codes.made_of
        if not isinstance(value, FloatInput):
            zero_point = quantizer.zero_point
            narrower = replace(
                quantizer,
                type=IntegerType.spanning(min(least, zero_point), max(most, zero_point)),
                minimum=max(quantizer.minimum, least),
                maximum=min(quantizer.maximum, most),
            )
            made = quantize(value, narrower, site.output, site.builder, arithmetic)
            return Codes(made, (value, narrower))
    node = Clamp(inputs=(source.name,), output=site.output, minimum=least, maximum=most)
    return Codes(site.builder.add(node, source.layout))


def _limit(site: Site, position: int, name: str) -> float | None:
    if name in site.node.attributes:
        value: float | None = site.number(name, 0.0)
    elif site.has(position):
        numbers = site.numbers(position)
        if numbers.size != 1:
            raise UserError(f"its {name} has {numbers.size} elements; allowed: 1")
        value = float(numbers.reshape(()))
    else:
        return None
    if value is not None and abs(value) > 3e38:
        return None  # Exporters write the largest float32 for no limit.
    return value
