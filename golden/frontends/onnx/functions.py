"""Functions of single numbers, applied to what they are made of."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.values import Accumulated, Later, Limits, Real, Sum, Value

Numbers = NDArray[Any]


def applied(value: Value, function: Callable[[Numbers], Numbers], limits: Limits | None) -> Value:
    """Return numbers after a function; only limits pass what no codes stand for yet."""
    if isinstance(value, Real):
        return value.then(function)
    if limits is None:
        raise UserError("its input is no quantized tensor; put QuantizeLinear or Quant before it")
    if isinstance(value, Accumulated | Sum):
        return replace(value, limits=value.limits.within(limits.low, limits.high))
    if isinstance(value, Later) and not value.adds:
        return replace(value, parts=tuple(applied(part, function, limits) for part in value.parts))
    raise UserError("its input is a constant, an input or a border that is not quantized")
