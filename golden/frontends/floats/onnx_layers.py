"""Layers with weights and windows of float .onnx files, by torch's functions."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.onnx_call import OnnxCall, computes

_CONVOLUTIONS = (functional.conv1d, functional.conv2d)
_TRANSPOSED = (functional.conv_transpose1d, functional.conv_transpose2d)
_MAXIMA = (functional.max_pool1d, functional.max_pool2d)
_AVERAGES = (functional.avg_pool1d, functional.avg_pool2d)


def _spatial(values: Tensor) -> int:
    spatial = values.ndim - 2
    if spatial not in (1, 2):
        raise UserError(f"its input has {values.ndim} dimensions; allowed: 3 or 4")
    return spatial


def _window(call: OnnxCall, size: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Return strides, dilations and pads, (before, after) of the last dimension first."""
    count = len(size)
    strides = call.integers("strides") or [1] * count
    dilations = call.integers("dilations") or [1] * count
    pads = call.integers("pads") or [0] * 2 * count
    automatic = call.attribute("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        for axis, length in enumerate(call.tensor().shape[2:]):
            reach = (size[axis] - 1) * dilations[axis] + 1
            total = max((-(-int(length) // strides[axis]) - 1) * strides[axis] + reach - length, 0)
            less, more = total // 2, total - total // 2
            pads[axis], pads[count + axis] = (
                (less, more) if automatic == "SAME_UPPER" else (more, less)
            )
    elif automatic not in ("NOTSET", "VALID"):
        raise UserError(f"its auto_pad is {automatic!r}")
    pairs = [(pads[axis], pads[count + axis]) for axis in reversed(range(count))]
    return strides, dilations, [each for pair in pairs for each in pair]


def _padded(values: Tensor, pads: list[int]) -> tuple[Tensor, list[int]]:
    """Return values, and the padding of a layer that pads alike before and behind."""
    if pads[::2] == pads[1::2]:
        return values, pads[::2][::-1]
    return functional.pad(values, pads), [0] * (len(pads) // 2)


@computes("Conv")
def _conv(call: OnnxCall) -> Tensor:
    values, weight = call.tensor(), call.tensor(1)
    strides, dilations, pads = _window(call, weight.shape[2:])
    values, padding = _padded(values, pads)
    bias = call.tensor(2) if call.has(2) else None
    groups = int(call.attribute("group", 1))
    convolution = _CONVOLUTIONS[_spatial(values) - 1]
    return convolution(values, weight, bias, strides, padding, dilations, groups)


@computes("ConvTranspose")
def _conv_transpose(call: OnnxCall) -> Tensor:
    values, weight = call.tensor(), call.tensor(1)
    if call.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID") or "output_shape" in (
        call.node.attributes
    ):
        raise UserError("it pads by auto_pad or output_shape; write the pads")
    strides, dilations, pads = _window(call, weight.shape[2:])
    more = call.integers("output_padding") or [0] * len(strides)
    before, behind = pads[::2][::-1], pads[1::2][::-1]
    # Torch takes as much away at both ends; what is missing behind is added before.
    more = [each + first - last for each, first, last in zip(more, before, behind, strict=True)]
    if min(more) < 0 or any(each >= stride for each, stride in zip(more, strides, strict=True)):
        raise UserError(f"its pads are {pads}; allowed: at most as many behind as before")
    bias = call.tensor(2) if call.has(2) else None
    groups = int(call.attribute("group", 1))
    transposed = _TRANSPOSED[_spatial(values) - 1]
    return transposed(values, weight, bias, strides, before, more, groups, dilations)


@computes("Gemm")
def _gemm(call: OnnxCall) -> Tensor:
    if call.attribute("transA", 0) or not call.is_constant(1):
        raise UserError("its first matrix is transposed, or its second computed; allowed: neither")
    weight = call.tensor(1) * float(call.attribute("alpha", 1.0))
    weight = weight if call.attribute("transB", 0) else weight.T
    bias = call.tensor(2) * float(call.attribute("beta", 1.0)) if call.has(2) else None
    if bias is not None:
        bias = bias.expand(len(weight)) if bias.ndim < 2 else bias.expand(1, len(weight))[0]
    return functional.linear(call.tensor(), weight, bias)


@computes("MatMul")
def _matmul(call: OnnxCall) -> Tensor:
    if not call.is_constant(1) or call.tensor(1).ndim != 2:
        raise UserError("its second matrix is computed, or has a batch; allowed: a constant matrix")
    return functional.linear(call.tensor(), call.tensor(1).T)


@computes("BatchNormalization")
def _batch_normalization(call: OnnxCall) -> Tensor:
    values, weight, bias, mean, variance = call.operands
    epsilon = float(call.attribute("epsilon", 1e-5))
    return functional.batch_norm(values, mean, variance, weight, bias, eps=epsilon)


@computes("InstanceNormalization")
def _instance_normalization(call: OnnxCall) -> Tensor:
    values, weight, bias = call.operands
    return functional.instance_norm(
        values, weight=weight, bias=bias, eps=float(call.attribute("epsilon", 1e-5))
    )


@computes("LayerNormalization")
def _layer_normalization(call: OnnxCall) -> Tensor:
    values, axis = call.tensor(), int(call.attribute("axis", -1))
    bias = call.tensor(2) if call.has(2) else None
    shape = values.shape[axis % values.ndim :]
    return functional.layer_norm(
        values, shape, call.tensor(1), bias, float(call.attribute("epsilon", 1e-5))
    )


@computes("MaxPool")
def _max_pool(call: OnnxCall) -> Tensor:
    values, size = call.tensor(), call.integers("kernel_shape") or []
    strides, dilations, pads = _window(call, size)
    ceiling = bool(call.attribute("ceil_mode", 0))
    before, behind = pads[::2][::-1], pads[1::2][::-1]
    if before != behind:
        # Windows that begin inside and reach beyond the end are those of a ceiling.
        lengths = [int(length) for length in values.shape[2:]]
        reach = [(n - 1) * d + 1 for n, d in zip(size, dilations, strict=True)]
        wanted = [
            (length + first + last - each) // stride + 1
            for length, first, last, each, stride in zip(
                lengths, before, behind, reach, strides, strict=True
            )
        ]
        made = [
            -(-(length + 2 * first - each) // stride) + 1
            for length, first, each, stride in zip(lengths, before, reach, strides, strict=True)
        ]
        if made != wanted or any(first for first in before):
            raise UserError(f"its pads are {pads}; allowed: alike at both ends, or one row behind")
        ceiling = True
    pool = _MAXIMA[_spatial(values) - 1]
    return pool(values, size, strides, before, dilations, ceil_mode=ceiling)


@computes("AveragePool")
def _average_pool(call: OnnxCall) -> Tensor:
    values, size = call.tensor(), call.integers("kernel_shape") or []
    strides, dilations, pads = _window(call, size)
    if max(dilations) > 1:
        raise UserError(f"its dilations are {dilations}; allowed: 1")
    counted = bool(call.attribute("count_include_pad", 0))
    if pads[::2] != pads[1::2] and not counted:
        raise UserError(f"its pads are {pads} and do not count; allowed: alike at both ends")
    values, padding = _padded(values, pads)
    ceiling = bool(call.attribute("ceil_mode", 0))
    pool = _AVERAGES[_spatial(values) - 1]
    return pool(values, size, strides, padding, ceiling, counted or not any(pads))


@computes("GlobalAveragePool")
def _global_average_pool(call: OnnxCall) -> Tensor:
    values = call.tensor()
    return values.mean(list(range(2, values.ndim)), keepdim=True)


@computes("GlobalMaxPool")
def _global_max_pool(call: OnnxCall) -> Tensor:
    values = call.tensor()
    return values.amax(list(range(2, values.ndim)), keepdim=True)


@computes("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def _reduce(call: OnnxCall) -> Tensor:
    values = call.tensor()
    axes, keep = call.integers("axes", 1), bool(call.attribute("keepdims", 1))
    if not axes and call.attribute("noop_with_empty_axes", 0):
        return values
    over: Any = {
        "ReduceMean": torch.mean,
        "ReduceSum": torch.sum,
        "ReduceMax": torch.amax,
        "ReduceMin": torch.amin,
    }[call.node.operator]
    reduced: Tensor = over(values, dim=axes or list(range(values.ndim)), keepdim=keep)
    return reduced
