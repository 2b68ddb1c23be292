"""Movements of float .onnx files, by torch's functions."""

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.blocks import depth_to_space, space_to_depth
from bittrue.golden.frontends.floats.onnx_call import OnnxCall, computes


@computes("Reshape")
def _reshape(call: OnnxCall) -> Tensor:
    values, shape = call.tensor(), call.integers("shape", 1) or []
    if not call.attribute("allowzero", 0):
        shape = [
            int(values.shape[n]) if size == 0 and n < values.ndim else size
            for n, size in enumerate(shape)
        ]
    # The file's batch is 1, whatever that of the module is.
    return values.reshape(len(values) if shape[:1] in ([1], [-1]) else shape[0], *shape[1:])


@computes("Flatten")
def _flatten(call: OnnxCall) -> Tensor:
    if call.attribute("axis", 1) != 1:
        raise UserError(f"its axis is {call.attribute('axis', 1)}; allowed: 1")
    return call.tensor().flatten(1)


@computes("Squeeze")
def _squeeze(call: OnnxCall) -> Tensor:
    values, axes = call.tensor(), call.integers("axes", 1)
    if axes is None:
        axes = [axis for axis, size in enumerate(values.shape) if size == 1]
    for axis in sorted((axis % values.ndim for axis in axes), reverse=True):
        if axis == 0 or values.shape[axis] != 1:
            raise UserError(f"its axes are {axes}; allowed: dimensions of 1 but the batch")
        values = values.squeeze(axis)
    return values


@computes("Unsqueeze")
def _unsqueeze(call: OnnxCall) -> Tensor:
    values, axes = call.tensor(), call.integers("axes", 1) or []
    for axis in sorted(axis % (values.ndim + len(axes)) for axis in axes):
        values = values.unsqueeze(axis)
    return values


@computes("Transpose")
def _transpose(call: OnnxCall) -> Tensor:
    values = call.tensor()
    return values.permute(call.integers("perm") or list(reversed(range(values.ndim))))


@computes("Concat")
def _concat(call: OnnxCall) -> Tensor:
    return torch.cat(call.operands, int(call.attribute("axis", 0)))


@computes("Slice")
def _slice(call: OnnxCall) -> Tensor:
    values = call.tensor()
    starts, ends = call.integers("starts", 1) or [], call.integers("ends", 2) or []
    axes = call.integers("axes", 3) or list(range(len(starts)))
    steps = call.integers("steps", 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        taken = range(int(values.shape[axis]))[start:end:step]
        if step > 0:
            values = _part(values, axis, taken)
        else:
            values = values.index_select(axis, torch.tensor([*taken]))
    return values


def _part(values: Tensor, axis: int, taken: range) -> Tensor:
    """Return a part; of the batch, whose size is another in the file, nothing is taken."""
    if axis % values.ndim == 0:
        raise UserError("it takes a part of the batch; allowed: of other dimensions")
    if len(taken) == values.shape[axis]:
        return values
    index = [slice(None)] * (axis % values.ndim)
    return values[(*index, slice(taken.start, taken.stop, taken.step))]


@computes("Split")
def _split(call: OnnxCall) -> tuple[Tensor, ...]:
    values, axis = call.tensor(), int(call.attribute("axis", 0))
    sizes = call.integers("split", 1)
    if sizes is None:
        return torch.split(values, -(-int(values.shape[axis]) // len(call.node.outputs)), axis)
    return torch.split(values, sizes, axis)


@computes("Gather")
def _gather(call: OnnxCall) -> Tensor:
    values, axis = call.tensor(), int(call.attribute("axis", 0))
    numbers = call.integers("indices", 1) or []
    length = int(values.shape[axis])
    name = call.node.inputs[1]
    if call.constants[name].values.ndim == 0:
        return values.select(axis, numbers[0] % length)
    return values.index_select(axis, torch.tensor([each % length for each in numbers]))


@computes("Tile")
def _tile(call: OnnxCall) -> Tensor:
    return call.tensor().repeat(*(call.integers("repeats", 1) or []))


@computes("Expand")
def _expand(call: OnnxCall) -> Tensor:
    values, shape = call.tensor(), call.integers("shape", 1) or []
    shape = [1] * (values.ndim - len(shape)) + shape
    return values.expand([-1 if size == 1 else size for size in shape])


_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@computes("Pad")
def _pad(call: OnnxCall) -> Tensor:
    values, pads = call.tensor(), call.integers("pads", 1) or []
    axes = call.integers("axes", 3) or list(range(values.ndim))
    sizes = [(0, 0)] * values.ndim
    for place, axis in enumerate(axes):
        sizes[axis] = pads[place], pads[len(axes) + place]
    mode = call.attribute("mode", "constant")
    filling = call.numbers(2) or [float(call.attribute("value", 0.0))]
    used = max((axis for axis in range(values.ndim) if sizes[axis] != (0, 0)), default=0)
    first = min((axis for axis in range(values.ndim) if sizes[axis] != (0, 0)), default=0)
    if mode not in _MODES or first < 2 <= used:
        raise UserError(f"its mode is {mode!r}, its pads {pads}; allowed: of images")
    flat = [each for axis in reversed(range(2, values.ndim)) for each in sizes[axis]]
    if mode == "constant":
        return functional.pad(values, flat, value=filling[0])
    return functional.pad(values, flat, mode=_MODES[mode])


@computes("DepthToSpace")
def _depth_to_space(call: OnnxCall) -> Tensor:
    values, block = call.tensor(), int(call.attribute("blocksize", 1))
    if call.attribute("mode", "DCR") == "CRD":
        return functional.pixel_shuffle(values, block)
    return depth_to_space(values, block)


@computes("SpaceToDepth")
def _space_to_depth(call: OnnxCall) -> Tensor:
    return space_to_depth(call.tensor(), int(call.attribute("blocksize", 1)))


@computes("Resize", "Upsample")
def _resize(call: OnnxCall) -> Tensor:
    values, mode = call.tensor(), call.attribute("mode", "nearest")
    first = call.opset < 11 or call.node.operator == "Upsample"
    if call.has(3):
        sizes = call.integers("sizes", 3) or []
    else:
        place = 2 if call.node.operator == "Resize" and call.opset >= 11 else 1
        given = call.node.attributes.get("scales")
        scales = call.numbers(place) if given is None else [float(each) for each in given]
        lengths = zip(values.shape, scales or [], strict=True)
        sizes = [int(length * scale) for length, scale in lengths]
    centers = call.attribute(
        "coordinate_transformation_mode", "asymmetric" if first else "half_pixel"
    )
    rounding = call.attribute("nearest_mode", "floor" if first else "round_prefer_floor")
    given_size = [int(size) for size in values.shape[2:]]
    whole = all(made % size == 0 for made, size in zip(sizes[2:], given_size, strict=True))
    if mode == "nearest":
        exact = centers == "asymmetric" and rounding == "floor"
        if not exact and not (whole and centers in ("half_pixel", "pytorch_half_pixel")):
            raise UserError(
                f"its modes are {centers!r} and {rounding!r}; allowed to the nearest: asymmetric "
                "and floor, or half_pixel by whole factors"
            )
        return functional.interpolate(values, sizes[2:])
    if mode not in ("linear", "bilinear") or values.ndim != 4:
        raise UserError(f"its mode is {mode!r}; allowed: nearest, and linear of images")
    if centers not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise UserError(f"its coordinate_transformation_mode is {centers!r}; allowed: half_pixel")
    return functional.interpolate(
        values, sizes[2:], mode="bilinear", align_corners=centers == "align_corners"
    )
