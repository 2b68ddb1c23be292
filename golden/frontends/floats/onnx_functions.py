"""Functions of single numbers and arithmetic of float .onnx files, by torch's functions."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.onnx_call import OnnxCall, computes

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": torch.abs,
    "Cos": torch.cos,
    "Dropout": lambda values: values,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "HardSwish": functional.hardswish,
    "Identity": lambda values: values,
    "Log": torch.log,
    "Mish": functional.mish,
    "Neg": torch.neg,
    "Reciprocal": torch.reciprocal,
    "Relu": functional.relu,
    "Sigmoid": torch.sigmoid,
    "Sin": torch.sin,
    "Softplus": functional.softplus,
    "Softsign": functional.softsign,
    "Sqrt": torch.sqrt,
    "Tanh": torch.tanh,
}


@computes(*_FUNCTIONS)
def _function(call: OnnxCall) -> Tensor:
    return _FUNCTIONS[call.node.operator](call.tensor())


@computes("Cast")
def _cast(call: OnnxCall) -> Tensor:
    if call.attribute("to", 1) not in (1, 10, 11, 16):
        raise UserError("it makes integers of real numbers; allowed: real numbers")
    return call.tensor()


@computes("LeakyRelu")
def _leaky_relu(call: OnnxCall) -> Tensor:
    return functional.leaky_relu(call.tensor(), float(call.attribute("alpha", 0.01)))


@computes("PRelu")
def _p_relu(call: OnnxCall) -> Tensor:
    return functional.prelu(call.tensor(), call.tensor(1).reshape(-1))


@computes("Elu")
def _elu(call: OnnxCall) -> Tensor:
    return functional.elu(call.tensor(), float(call.attribute("alpha", 1.0)))


@computes("Selu")
def _selu(call: OnnxCall) -> Tensor:
    if {"alpha", "gamma"} & call.node.attributes.keys():
        raise UserError("it has an alpha or gamma of its own; allowed: the usual ones")
    return functional.selu(call.tensor())


@computes("Celu")
def _celu(call: OnnxCall) -> Tensor:
    return functional.celu(call.tensor(), float(call.attribute("alpha", 1.0)))


@computes("ThresholdedRelu")
def _thresholded_relu(call: OnnxCall) -> Tensor:
    return functional.threshold(call.tensor(), float(call.attribute("alpha", 1.0)), 0.0)


@computes("HardSigmoid")
def _hard_sigmoid(call: OnnxCall) -> Tensor:
    slope, shift = float(call.attribute("alpha", 0.2)), float(call.attribute("beta", 0.5))
    return (call.tensor() * slope + shift).clamp(0, 1)


@computes("Gelu")
def _gelu(call: OnnxCall) -> Tensor:
    return functional.gelu(call.tensor(), approximate=str(call.attribute("approximate", "none")))


@computes("Clip")
def _clip(call: OnnxCall) -> Tensor:
    limits = []
    for place, name in ((1, "min"), (2, "max")):
        given = call.numbers(place)
        limit = call.node.attributes.get(name, None if given is None else given[0])
        # Exporters write the largest float32 for no limit.
        limits.append(None if limit is None or abs(float(limit)) > 3e38 else float(limit))
    low, high = limits
    return call.tensor() if low is high is None else call.tensor().clamp(low, high)


@computes("Softmax", "LogSoftmax")
def _softmax(call: OnnxCall) -> Tensor:
    values = call.tensor()
    axis = int(call.attribute("axis", -1 if call.opset >= 13 else 1))
    if call.opset < 13 and axis % values.ndim != values.ndim - 1:
        raise UserError(f"its axis is {axis} of {values.ndim} dimensions; allowed: the last one")
    over = torch.softmax if call.node.operator == "Softmax" else torch.log_softmax
    return over(values, axis)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "Pow": operator.pow,
}


@computes(*_ARITHMETIC)
def _arithmetic(call: OnnxCall) -> Tensor:
    first, second = (_number(call, place) for place in (0, 1))
    made: Tensor = _ARITHMETIC[call.node.operator](first, second)
    return made


def _number(call: OnnxCall, place: int) -> Any:
    """Return an operand; a constant of one element as a number, which torch takes as such."""
    if not call.is_constant(place):
        return call.tensor(place)
    values = call.constants[call.node.inputs[place]].values
    if values.size == 1:
        return float(values.reshape(()))
    value = call.tensor(place)
    other = call.tensor(1 - place)
    # Torch has as many dimensions in both, where a constant is one for each channel.
    return value.reshape((1,) * (other.ndim - value.ndim) + tuple(value.shape))


@computes("Max", "Min")
def _extreme(call: OnnxCall) -> Tensor:
    extreme = torch.maximum if call.node.operator == "Max" else torch.minimum
    first, *others = call.operands
    for other in others:
        first = extreme(first, other)
    return first


@computes("Sum")
def _sum(call: OnnxCall) -> Tensor:
    first, *others = call.operands
    for other in others:
        first = first + other
    return first
