"""Operators of float .tflite files, by torch's functions."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.blocks import depth_to_space, space_to_depth
from bittrue.golden.frontends.floats.tflite_call import (
    TfliteCall,
    channels_first,
    channels_last,
    computes,
    evened,
)

_SAME = 0  # Of the schema's Padding.


def _strides(call: TfliteCall) -> tuple[list[int], list[int]]:
    strides = [int(call.option(name, 1)) for name in ("StrideH", "StrideW")]
    dilations = [int(call.option(f"Dilation{side}Factor", 1)) for side in "HW"]
    return strides, dilations


@computes("CONV_2D")
def _conv(call: TfliteCall) -> Tensor:
    values, weight = call.tensor(), call.weight(1).permute(0, 3, 1, 2)
    return _convolved(call, values, weight, values.shape[1] // weight.shape[1])


@computes("DEPTHWISE_CONV_2D")
def _depthwise(call: TfliteCall) -> Tensor:
    values, weight = call.tensor(), call.weight(1).permute(3, 0, 1, 2)
    return _convolved(call, values, weight, int(values.shape[1]))


def _convolved(call: TfliteCall, values: Tensor, weight: Tensor, groups: int) -> Tensor:
    strides, dilations = _strides(call)
    padding = [0, 0]
    if call.option("Padding", _SAME) == _SAME:
        values, padding = evened(values, weight.shape[2:], strides, dilations)
    bias = call.bias(2)
    made = functional.conv2d(values, weight, bias, strides, padding, dilations, groups)
    return call.activated(made)


@computes("TRANSPOSE_CONV")
def _transposed(call: TfliteCall) -> Tensor:
    values, weight = call.tensor(2), call.weight(1).permute(3, 0, 1, 2)
    strides, _ = _strides(call)
    _, height, width, _ = call.output.shape
    padding = [0, 0]
    if call.option("Padding", _SAME) == _SAME:
        padding = [
            max(
                (int(values.shape[axis + 2]) - 1) * strides[axis]
                + int(weight.shape[axis + 2])
                - made,
                0,
            )
            // 2
            for axis, made in enumerate((height, width))
        ]
    made = functional.conv_transpose2d(values, weight, call.bias(3), strides, padding)
    if made.shape[2] < height or made.shape[3] < width:
        raise UserError(f"it makes {(height, width)}, beyond what its weights reach")
    if tuple(made.shape[2:]) != (height, width):
        made = made[:, :, :height, :width]
    return call.activated(made)


@computes("FULLY_CONNECTED")
def _fully_connected(call: TfliteCall) -> Tensor:
    values, weight = channels_last(call.tensor()), call.weight(1)
    if not call.option("KeepNumDims", False):
        values = values.reshape(len(values), -1)
        if values.shape[1] != weight.shape[1]:
            raise UserError(f"it multiplies {tuple(values.shape[1:])}; allowed: one row a sample")
    made = functional.linear(values, weight, call.bias(2))
    return call.activated(channels_first(made))


_POOLS: dict[str, Callable[..., Tensor]] = {
    "MAX_POOL_2D": functional.max_pool2d,
    "AVERAGE_POOL_2D": functional.avg_pool2d,
}


@computes(*_POOLS)
def _pool(call: TfliteCall) -> Tensor:
    values = call.tensor()
    size = [int(call.option(name, 1)) for name in ("FilterHeight", "FilterWidth")]
    strides, _ = _strides(call)
    if call.option("Padding", _SAME) != _SAME:
        return call.activated(_POOLS[call.operator.name](values, size, strides))
    before = []
    for axis, length in enumerate(values.shape[2:]):
        total = (-(-int(length) // strides[axis]) - 1) * strides[axis] + size[axis] - int(length)
        if total % 2 and total > 1:
            raise UserError(f"it pads {total} rows or columns; allowed: as many before as behind")
        before.append(max(total, 0) // 2)
    # One row more behind is what the last window of a ceiling reaches.
    if call.operator.name == "MAX_POOL_2D":
        made = functional.max_pool2d(values, size, strides, before, ceil_mode=True)
    else:
        made = functional.avg_pool2d(values, size, strides, before, True, False)
    return call.activated(made)


_REDUCTIONS: dict[str, Any] = {"MEAN": torch.mean, "SUM": torch.sum, "REDUCE_MAX": torch.amax}


@computes(*_REDUCTIONS)
def _reduced(call: TfliteCall) -> Tensor:
    axes, keep = call.axes(call.integers(1).reshape(-1).tolist()), call.option("KeepDims", False)
    values = call.tensor()
    if not keep and call.rank == 4 and sorted(axes) != [2, 3]:  # What is left is no image.
        values, axes = channels_last(values), [int(a) % 4 for a in call.integers(1).reshape(-1)]
    made: Tensor = _REDUCTIONS[call.operator.name](values, dim=axes, keepdim=bool(keep))
    return made


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "ADD": operator.add,
    "SUB": operator.sub,
    "MUL": operator.mul,
    "DIV": operator.truediv,
}


@computes(*_ARITHMETIC)
def _arithmetic(call: TfliteCall) -> Tensor:
    return call.activated(_ARITHMETIC[call.operator.name](call.operand(0), call.operand(1)))


@computes("MAXIMUM", "MINIMUM")
def _extreme(call: TfliteCall) -> Tensor:
    extreme = torch.maximum if call.operator.name == "MAXIMUM" else torch.minimum
    first, second = (
        torch.as_tensor(each, dtype=torch.float32) for each in (call.operand(0), call.operand(1))
    )
    return extreme(first, second)


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "ABS": torch.abs,
    "ELU": functional.elu,
    "EXP": torch.exp,
    "HARD_SWISH": functional.hardswish,
    "LOG": torch.log,
    "LOGISTIC": torch.sigmoid,
    "NEG": torch.neg,
    "RELU": functional.relu,
    "RELU6": functional.relu6,
    "RELU_N1_TO_1": lambda values: values.clamp(-1, 1),
    "RSQRT": torch.rsqrt,
    "SQRT": torch.sqrt,
    "SQUARE": torch.square,
    "TANH": torch.tanh,
}


@computes(*_FUNCTIONS)
def _function(call: TfliteCall) -> Tensor:
    return _FUNCTIONS[call.operator.name](call.tensor())


@computes("LEAKY_RELU")
def _leaky_relu(call: TfliteCall) -> Tensor:
    return functional.leaky_relu(call.tensor(), float(call.option("Alpha", 0.0)))


@computes("GELU")
def _gelu(call: TfliteCall) -> Tensor:
    form = "tanh" if call.option("Approximate", False) else "none"
    return functional.gelu(call.tensor(), approximate=form)


@computes("SOFTMAX")
def _softmax(call: TfliteCall) -> Tensor:
    if call.option("Beta", 1.0) != 1:
        raise UserError(f"its beta is {call.option('Beta', 1.0)}; allowed: 1")
    return torch.softmax(call.tensor(), 1 if call.rank == 4 else -1)


@computes("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def _reshape(call: TfliteCall) -> Tensor:
    values, (batch, *shape) = channels_last(call.tensor()), call.output.shape
    if batch != 1:
        raise UserError(f"it makes shape {call.output.shape}; allowed: a batch of 1 first")
    return channels_first(values.reshape(len(values), *shape))


@computes("TRANSPOSE")
def _transpose(call: TfliteCall) -> Tensor:
    order = [int(axis) for axis in call.integers(1)]
    return channels_first(channels_last(call.tensor()).permute(order))


@computes("CONCATENATION")
def _concatenation(call: TfliteCall) -> Tensor:
    parts = [call.tensor(place) for place in range(len(call.operator.inputs))]
    (axis,) = call.axes([int(call.option("Axis", 0))])
    return call.activated(torch.cat(parts, axis))


@computes("PAD", "PADV2", "MIRROR_PAD")
def _pad(call: TfliteCall) -> Tensor:
    values, pairs = call.tensor(), call.integers(1).tolist()
    if len(pairs) != 4 or any(pairs[0]) or any(pairs[3]):
        raise UserError(f"it pads by {pairs}; allowed: height and width of images")
    (top, bottom), (left, right) = pairs[1:3]
    pads = (left, right, top, bottom)
    if call.operator.name == "MIRROR_PAD":
        if call.option("Mode", 0) != 0:
            raise UserError("its mode is SYMMETRIC; allowed: REFLECT")
        return functional.pad(values, pads, mode="reflect")
    filling = float(call.weight(2).reshape(())) if call.has(2) else 0.0
    return functional.pad(values, pads, value=filling)


@computes("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def _resize(call: TfliteCall) -> Tensor:
    values, (_, height, width, _) = call.tensor(), call.output.shape
    corners = bool(call.option("AlignCorners", False))
    centers = bool(call.option("HalfPixelCenters", False))
    whole = height % int(values.shape[2]) == 0 and width % int(values.shape[3]) == 0
    if call.operator.name == "RESIZE_BILINEAR":
        if not corners and not centers:
            raise UserError("it has neither align_corners nor half_pixel_centers; allowed: one")
        return functional.interpolate(
            values, (height, width), mode="bilinear", align_corners=corners
        )
    if corners or (centers and not whole):
        raise UserError("it aligns corners, or middles of pixels by no whole factor")
    return functional.interpolate(values, (height, width))


@computes("DEPTH_TO_SPACE")
def _depth_to_space(call: TfliteCall) -> Tensor:
    return depth_to_space(call.tensor(), int(call.option("BlockSize", 1)))


@computes("SPACE_TO_DEPTH")
def _space_to_depth(call: TfliteCall) -> Tensor:
    return space_to_depth(call.tensor(), int(call.option("BlockSize", 1)))
