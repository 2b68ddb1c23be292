"""Functions of one value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.fx import Node

from bittrue.golden import graph
from bittrue.golden.frontends.torch.activation_map import encoding_of, scale_of
from bittrue.golden.frontends.torch.exact import codes_of
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.table import Table as TableNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Pointwise(Layer):
    """Any function of one value: sigmoid, hard-swish, a product with a constant."""

    function: Callable[[Tensor], Tensor]

    treats_alike: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return self.function(inputs[0])

    def lower(self, context: LoweringContext) -> graph.Node:
        """Tabulate the function in float64."""
        source, target = context.map(self.inputs[0]), context.map(self.output)
        codes = np.arange(source.codes.minimum, source.codes.maximum + 1)
        real = torch.from_numpy(encoding_of(source).decode(codes) * scale_of(source))
        # Where there is no result, as of the root of a number below zero, there is none to equal.
        results = np.nan_to_num(self.function(real).numpy(), nan=0.0, posinf=np.inf, neginf=-np.inf)
        values = codes_of(results, target, UNLIMITED)
        return TableNode(inputs=self.inputs, output=self.output, values=values, type=target.codes)


@translates(
    *("abs", "atan", "celu", "cos", "elu", "erf", "exp", "expm1", "gelu"),
    *("hardsigmoid", "hardswish", "leaky_relu", "log", "log10", "log1p", "log2", "log_sigmoid"),
    *("mish", "neg", "pow", "reciprocal", "rsqrt", "selu", "sigmoid", "silu", "sin"),
    *("softplus", "sqrt", "square", "tanh", "threshold"),
)
def pointwise(call: Call, output: str) -> Layer:
    """Translate an operator on one computed tensor and numbers into a function of each value."""
    if len(call.inputs) != 1:
        raise call.refusal("has several computed operands; allowed: one, and numbers")
    numbers: dict[str, Any] = {}
    operand = ""
    for name, argument in call.arguments.items():
        if call.computes(argument):
            operand = name
        elif isinstance(argument, Node):
            constant = call.constant(argument)
            if constant.numel() != 1:
                raise call.refusal(
                    f"has a constant of shape {tuple(constant.shape)}; allowed: one number"
                )
            numbers[name] = constant.reshape(())
        else:
            numbers[name] = argument
    target = call.node.target

    def function(values: Tensor) -> Tensor:
        given = {
            name: number.to(values.dtype) if isinstance(number, Tensor) else number
            for name, number in numbers.items()
        }
        result: Tensor = target(**{operand: values}, **given)  # type: ignore[operator]
        return result

    return Pointwise(inputs=call.inputs, output=output, function=function)
