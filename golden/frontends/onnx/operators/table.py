"""Functions of single numbers: activations."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.functions import applied
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Codes, Real

Numbers = NDArray[Any]


def _sigmoid(real: Numbers) -> Numbers:
    with np.errstate(over="ignore"):
        # Through float64: numpy's float32 functions are further off than a C library's.
        return (1 / (1 + np.exp(-real.astype(np.float64)))).astype(real.dtype)


def _through_float64(function: Callable[[Numbers], Numbers]) -> Callable[[Numbers], Numbers]:
    return lambda real: function(real.astype(np.float64)).astype(real.dtype)


def _leaky_relu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = np.float32(site.number("alpha", 0.01))
    return lambda real: np.where(real >= 0, real, alpha.astype(real.dtype) * real)


def _hard_sigmoid(site: Site) -> Callable[[Numbers], Numbers]:
    slope, shift = (np.float32(site.number(n, d)) for n, d in (("alpha", 0.2), ("beta", 0.5)))
    return lambda real: np.clip(slope.astype(real.dtype) * real + shift.astype(real.dtype), 0, 1)


def _hard_swish(real: Numbers) -> Numbers:
    sixth = np.float32(1 / 6).astype(real.dtype)
    return real * np.clip(sixth * real + np.asarray(0.5, real.dtype), 0, 1)


def _elu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = site.number("alpha", 1.0)
    return _through_float64(lambda real: np.where(real < 0, alpha * np.expm1(real), real))


_FUNCTIONS: dict[str, Callable[[Site], Callable[[Numbers], Numbers]]] = {
    "Sigmoid": lambda site: _sigmoid,
    "Tanh": lambda site: _through_float64(np.tanh),
    "LeakyRelu": _leaky_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda site: _hard_swish,
    "Elu": _elu,
    "Abs": lambda site: np.abs,
    "Neg": lambda site: np.negative,
}


@converts("Sigmoid", "Tanh", "HardSwish", "Abs", "Neg")
@converts("LeakyRelu", "Elu", attributes=("alpha",))
@converts("HardSigmoid", attributes=("alpha", "beta"))
def _function(site: Site, arithmetic: OnnxArithmetic) -> None:
    function = _FUNCTIONS[site.node.operator](site)
    site.set(applied(site.take(0, *NUMBERS), function, None))


@converts("QLinearSigmoid", domains=(MICROSOFT,), inputs=5)
@converts("QLinearLeakyRelu", domains=(MICROSOFT,), attributes=("alpha",), inputs=5)
def _qlinear_function(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs x, x_scale, x_zero_point, y_scale, y_zero_point."""
    value = coded_operand(site, 0)
    if not isinstance(value, Real):
        raise UserError("its input is a constant")
    function = _sigmoid if site.node.operator == "QLinearSigmoid" else _leaky_relu(site)
    quantizer = quantizer_of(site, 3, 4, UINT8)
    made = quantize(value.then(function), quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))
