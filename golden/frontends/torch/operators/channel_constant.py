"""A number for each channel, multiplied or added: normalization, which layers before take in."""

import torch
from torch import Tensor
from torch.fx import Node

from bittrue.golden.frontends.torch.layer import Layer, Normalization
from bittrue.golden.frontends.torch.operators.batch_normalization import BatchNorm
from bittrue.golden.frontends.torch.operators.table import pointwise
from bittrue.golden.frontends.torch.translation import Call, translates

_UNSCALED = ("add", "sub", "rsub")


@translates("div", "rsub")
def with_constant(call: Call, output: str) -> Layer:
    """Translate an operator on a computed tensor and a constant, of which it may have many."""
    if len(call.inputs) != 1:
        raise call.refusal("has two computed operands; allowed: one, and a constant")
    arguments = call.arguments
    scaled = not call.computes(arguments["self"])
    constant = arguments["self" if scaled else "other"]
    if not isinstance(constant, Node) or call.constant(constant).numel() == 1:
        return pointwise(call, output)
    values = _of_channels(call, call.constant(constant))
    ones, zeros = torch.ones_like(values), torch.zeros_like(values)
    if call.operator in _UNSCALED and arguments["alpha"] != 1:
        raise call.refusal(f"has alpha {arguments['alpha']}; allowed: 1")
    match call.operator, scaled:
        case "mul", _:
            weight, bias = values, zeros
        case "add", _:
            weight, bias = ones, values
        case ("sub", False) | ("rsub", True):
            weight, bias = ones, -values
        case ("sub", True) | ("rsub", False):
            weight, bias = -ones, values
        case "div", False:
            weight, bias = 1 / values, zeros
        case _:
            raise call.refusal("divides a constant; allowed: to divide by one")
    normalization = Normalization(zeros, ones, weight, bias, epsilon=0.0)
    return BatchNorm(inputs=call.inputs, output=output, normalization=normalization)


def _of_channels(call: Call, constant: Tensor) -> Tensor:
    """Return a constant as one number for each channel."""
    shape = call.input_shape
    aligned = (*(1,) * (1 + len(shape) - constant.ndim), *constant.shape)
    expected = (1, shape[0], *(1,) * (len(shape) - 1))
    if len(shape) not in (1, 3) or aligned != expected:
        raise call.refusal(
            f"has a constant of shape {tuple(constant.shape)}; allowed beside {shape}: one number, "
            f"or {expected[1:]}, one for each channel"
        )
    return constant.reshape(-1)
