"""Each ATen operator's translation into a layer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from golden.errors import UserError
from golden.frontends.torch.float_network import (
    Add,
    AveragePool,
    BatchNorm,
    Clamp,
    Concat,
    Convolution,
    Layer,
    Linear,
    MaxPool,
    Mean,
    Multiply,
    Normalization,
    Pad,
    Pointwise,
    Reshape,
    Softmax,
    SumPool,
)
from golden.graph import Window

Pair = tuple[int, int]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """One operator call of an exported program, and what is known before it.

    Parameters
    ----------
    node : Node
    names : mapping of Node to str
        The tensors computed so far.
    shapes : mapping of str to tuple of int
        Their shapes, without the batch.
    constants : mapping of str to Tensor
        Parameters and buffers by the name of their placeholder.
    """

    node: Node
    names: Mapping[Node, str]
    shapes: Mapping[str, Shape]
    constants: Mapping[str, Tensor]

    @property
    def operator(self) -> str:
        """Name of the ATen operator, without its overload."""
        return str(self.node.target).removeprefix("aten.").split(".")[0]

    @property
    def place(self) -> str:
        """Path of the innermost module that makes the call."""
        stack = self.node.meta.get("nn_module_stack") or {}
        return str([path for path, _ in stack.values()][-1]) if stack else ""

    @property
    def description(self) -> str:
        """Operator and place, for messages."""
        where = f"module {self.place!r}" if self.place else "the module's forward"
        return f"operator {self.node.target} in {where}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the computed tensors among the arguments, each once."""
        return tuple(self.names[node] for node in self.node.all_input_nodes if node in self.names)

    @property
    def input_shape(self) -> Shape:
        """Shape of the first computed tensor, without the batch."""
        return self.shapes[self.inputs[0]]

    @property
    def output_shape(self) -> Shape:
        """Shape of the result, without the batch."""
        return tuple(int(size) for size in self.node.meta["val"].shape[1:])

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument by name, defaults included."""
        schema = self.node.target._schema.arguments  # type: ignore[union-attr]
        defaults = {each.name: each.default_value for each in schema if each.has_default_value()}
        given = zip((each.name for each in schema), self.node.args, strict=False)
        return defaults | dict(given) | self.node.kwargs

    def computes(self, argument: object) -> bool:
        """Whether an argument is a tensor that depends on the module's input."""
        return isinstance(argument, Node) and argument in self.names

    def constant(self, argument: object) -> Tensor:
        """Return a parameter or buffer in float32."""
        if not isinstance(argument, Node) or argument.name not in self.constants:
            raise self.refusal("has a weight that the module computes; weights must be constant")
        return self.constants[argument.name].to(torch.float32)

    def refusal(self, what: str) -> UserError:
        """Return the error that says what the operator does that is not supported."""
        return UserError(f"it {what}")


Translate = Callable[[Call, str], Layer]
"""Makes the layer of a call, given the name of its output."""


def _convolution(call: Call, output: str) -> Layer:
    arguments = call.arguments
    weight = call.constant(arguments["weight"])
    size, dilation = _pair(weight.shape[2:]), _pair(arguments["dilation"])
    match arguments["padding"]:
        case "same":
            totals = [d * (s - 1) for d, s in zip(dilation, size, strict=True)]
            vertical, horizontal = ((total // 2, total - total // 2) for total in totals)
        case "valid":
            vertical = horizontal = (0, 0)
        case sizes:
            vertical, horizontal = ((pad, pad) for pad in _pair(sizes))
    return Convolution(
        inputs=call.inputs,
        output=output,
        weight=weight,
        bias=_bias(call, len(weight)),
        window=Window(size, _pair(arguments["stride"]), dilation, (vertical, horizontal)),
        groups=int(arguments["groups"]),
    )


def _linear(call: Call, output: str) -> Layer:
    weight = call.constant(call.arguments["weight"])
    bias = _bias(call, len(weight))
    return Linear(inputs=call.inputs, output=output, weight=weight, bias=bias)


def _bias(call: Call, outputs: int) -> Tensor:
    bias = call.arguments["bias"]
    return torch.zeros(outputs) if bias is None else call.constant(bias)


def _batch_norm(call: Call, output: str) -> Layer:
    arguments = call.arguments
    mean, variance = (call.constant(arguments[name]) for name in ("running_mean", "running_var"))
    weight, bias = (
        torch.full_like(mean, usual) if arguments[name] is None else call.constant(arguments[name])
        for name, usual in (("weight", 1.0), ("bias", 0.0))
    )
    normalization = Normalization(mean, variance, weight, bias, float(arguments["eps"]))
    return BatchNorm(inputs=call.inputs, output=output, normalization=normalization)


def _clamp(low: float, high: float) -> Translate:
    return lambda call, output: Clamp(inputs=call.inputs, output=output, limits=(low, high))


def _clamp_to_arguments(call: Call, output: str) -> Layer:
    low, high = (
        call.arguments.get(name, call.arguments.get(f"{name}_val")) for name in ("min", "max")
    )
    if isinstance(low, Node) or isinstance(high, Node):
        raise call.refusal("clamps to a tensor; allowed: numbers")
    limits = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
    return Clamp(inputs=call.inputs, output=output, limits=limits)


def _add(call: Call, output: str) -> Layer:
    operands = _operands(call)
    if operands is None:
        return _pointwise(call, output)
    if call.arguments["alpha"] != 1:
        raise call.refusal(f"has alpha {call.arguments['alpha']}; allowed: 1")
    return Add(inputs=operands, output=output, subtract=call.operator == "sub")


def _multiply(call: Call, output: str) -> Layer:
    operands = _operands(call)
    if operands is None:
        return _pointwise(call, output)
    return Multiply(inputs=operands, output=output)


def _operands(call: Call) -> tuple[str, str] | None:
    """Return the names of two computed operands, or None when one is constant."""
    operands = [call.arguments["self"], call.arguments["other"]]
    if not all(call.computes(operand) for operand in operands):
        return None
    first, second = (call.names[operand] for operand in operands)
    if len(call.shapes[first]) != len(call.shapes[second]):
        raise call.refusal(
            f"has operands of shapes {call.shapes[first]} and {call.shapes[second]}; allowed: as "
            "many dimensions in both"
        )
    return first, second


def _pointwise(call: Call, output: str) -> Layer:
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
        result: Tensor = target(**{operand: values}, **numbers)  # type: ignore[operator]
        return result

    return Pointwise(inputs=call.inputs, output=output, function=function)


def _concat(call: Call, output: str) -> Layer:
    tensors = list(call.arguments["tensors"])
    if not all(call.computes(tensor) for tensor in tensors):
        raise call.refusal("joins a constant tensor; allowed: computed tensors")
    dimension = call.arguments["dim"] % (len(call.output_shape) + 1) - 1
    if dimension < 0:
        raise call.refusal("joins along the batch; allowed: another dimension")
    inputs = tuple(call.names[tensor] for tensor in tensors)
    return Concat(inputs=inputs, output=output, dimension=dimension)


def _max_pool(call: Call, output: str) -> Layer:
    return MaxPool(inputs=call.inputs, output=output, window=_pool_window(call))


def _average_pool(call: Call, output: str) -> Layer:
    arguments, window = call.arguments, _pool_window(call)
    pads_end_further = any(after > before for before, after in window.padding)
    divisor = arguments["divisor_override"]
    if divisor is None and not arguments["count_include_pad"] and window.padding != _NO_PADDING:
        return AveragePool(inputs=call.inputs, output=output, window=window)
    if divisor is None and pads_end_further:
        raise call.refusal(
            "has ceil_mode and windows that reach beyond the padding; allowed with "
            "count_include_pad=False"
        )
    divisor = window.taps if divisor is None else int(divisor)
    return SumPool(inputs=call.inputs, output=output, window=window, divisor=divisor)


def _pool_window(call: Call) -> Window:
    """Return a pooling window, padded at the end just as far as its last position reaches."""
    arguments = call.arguments
    _require_image(call)
    size = _pair(arguments["kernel_size"])
    stride = _pair(arguments["stride"]) if arguments["stride"] else size
    dilation = _pair(arguments.get("dilation", 1))
    padding = _pair(arguments["padding"])
    pads = []
    for axis in (0, 1):
        last = (call.output_shape[axis + 1] - 1) * stride[axis] - padding[axis]
        reach = last + (size[axis] - 1) * dilation[axis] + 1
        pads.append((padding[axis], max(reach - call.input_shape[axis + 1], 0)))
    return Window(size, stride, dilation, (pads[0], pads[1]))


def _adaptive_average_pool(call: Call, output: str) -> Layer:
    _require_image(call)
    sizes, results = call.input_shape[1:], call.output_shape[1:]
    if results == (1, 1):
        return Mean(inputs=call.inputs, output=output, dimensions=(1, 2), keep_dimensions=True)
    if sizes[0] % results[0] or sizes[1] % results[1]:
        raise call.refusal(f"pools {sizes} to {results}; allowed: divisors of the sizes")
    size = (sizes[0] // results[0], sizes[1] // results[1])
    window = Window(size, stride=size)
    return SumPool(inputs=call.inputs, output=output, window=window, divisor=math.prod(size))


def _mean(call: Call, output: str) -> Layer:
    arguments, rank = call.arguments, len(call.input_shape) + 1
    dimensions = sorted(dimension % rank - 1 for dimension in arguments.get("dim") or range(rank))
    if dimensions[0] < 0:
        raise call.refusal("averages over the batch; allowed: other dimensions")
    keep = bool(arguments["keepdim"])
    return Mean(
        inputs=call.inputs, output=output, dimensions=tuple(dimensions), keep_dimensions=keep
    )


def _pad(call: Call, output: str) -> Layer:
    arguments = call.arguments
    if arguments.get("mode", "constant") != "constant":
        raise call.refusal(f"has mode {arguments['mode']!r}; allowed: 'constant'")
    _require_image(call)
    pads = list(arguments["pad"])
    if len(pads) > 4 or min(pads) < 0:
        raise call.refusal(f"pads by {pads}; allowed: height and width, not negative")
    left, right, top, bottom = pads + [0] * (4 - len(pads))
    return Pad(
        inputs=call.inputs,
        output=output,
        padding=((top, bottom), (left, right)),
        value=float(arguments["value"] or 0),
    )


def _reshape(call: Call, output: str) -> Layer:
    return Reshape(inputs=call.inputs, output=output, shape=call.output_shape)


def _softmax(call: Call, output: str) -> Layer:
    rank = len(call.input_shape) + 1
    if rank not in (2, 4) or call.arguments["dim"] % rank != 1:
        raise call.refusal("is not over dimension 1 of features or images; allowed: that")
    return Softmax(inputs=call.inputs, output=output)


def _require_image(call: Call) -> None:
    if len(call.input_shape) != 3:
        raise call.refusal(
            f"has an input of shape {('samples', *call.input_shape)}; allowed: (samples, "
            "channels, height, width)"
        )


def _pair(value: Any) -> Pair:
    values = [int(each) for each in value] if isinstance(value, list | tuple) else [int(value)]
    first, second = values * 2 if len(values) == 1 else values
    return first, second


_NO_PADDING = ((0, 0), (0, 0))

SAME = frozenset(("alias", "clone", "contiguous", "detach", "dropout", "lift_fresh_copy"))
"""Operators that return their input, in evaluation mode."""

_RESHAPING = ("flatten", "reshape", "squeeze", "unflatten", "unsqueeze", "view", "_unsafe_view")
_POINTWISE = (
    *("abs", "celu", "div", "elu", "exp", "gelu", "hardsigmoid", "hardswish", "leaky_relu"),
    *("mish", "neg", "rsub", "selu", "sigmoid", "silu", "softplus", "tanh"),
)

TRANSLATIONS: dict[str, Translate] = {
    "conv2d": _convolution,
    "linear": _linear,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "relu": _clamp(0.0, math.inf),
    "relu6": _clamp(0.0, 6.0),
    "hardtanh": _clamp_to_arguments,
    "clamp": _clamp_to_arguments,
    "clamp_min": _clamp_to_arguments,
    "clamp_max": _clamp_to_arguments,
    "add": _add,
    "sub": _add,
    "mul": _multiply,
    "cat": _concat,
    "max_pool2d": _max_pool,
    "avg_pool2d": _average_pool,
    "adaptive_avg_pool2d": _adaptive_average_pool,
    "mean": _mean,
    "pad": _pad,
    "constant_pad_nd": _pad,
    "softmax": _softmax,
    **dict.fromkeys(_RESHAPING, _reshape),
    **dict.fromkeys(_POINTWISE, _pointwise),
}
"""By name of the ATen operator, without its overload."""
