"""STRIDED_SLICE, SLICE, SPLIT, SPLIT_V and UNPACK."""

import math
from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine, require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.model import TensorInfo
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice
from bittrue.golden.lowering.movements import rearranged

_MASKS = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask", "Offset")


@dataclass(frozen=True)
class _Part:
    """What is taken along a dimension: a number of elements from one on, by a stride.

    The last one is first where they are turned.
    """

    begin: int
    size: int
    stride: int = 1
    turned: bool = False


@converts(STRIDED_SLICE=8, options=Options("StridedSliceOptions", _MASKS))
def _strided_slice(site: Site, arithmetic: LitertArithmetic) -> None:
    source = site.input(0)
    begin, end, stride = (_numbers(site, position) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(stride):
        raise UserError(
            f"it has {len(begin)} beginnings, {len(end)} ends and {len(stride)} strides; allowed: "
            "as many of each"
        )
    if 0 in stride:
        raise UserError(f"strides are {stride}; allowed: other numbers than 0")
    named = _named_dimensions(site, len(begin), len(source.shape))
    parts = [_Part(0, length) for length in source.shape]
    for axis, place in named.items():
        numbers = begin[place], end[place], stride[place]
        parts[axis] = _part(site, place, source.shape[axis], *numbers)
    _emit(site, source, parts, site.output)


def _named_dimensions(site: Site, count: int, rank: int) -> dict[int, int]:
    """Return the dimensions that are named, each with the place of its numbers.

    New dimensions take none of the input's, an ellipsis as many as nothing else names.
    """
    new, ellipsis = _mask(site, "NewAxisMask", count), _mask(site, "EllipsisMask", count)
    others = [place for place in range(count) if place not in ellipsis and place not in new]
    if len(ellipsis) > 1 or len(others) > rank:
        raise UserError(
            f"it names {len(others)} dimensions, with {len(ellipsis)} ellipses between them; "
            f"allowed: the input's {rank}, with one"
        )
    named, axis = {}, 0
    for place in range(count):
        if place in ellipsis:
            axis += rank - len(others)
        elif place not in new:
            named[axis] = place
            axis += 1
    return named


def _part(site: Site, place: int, length: int, begin: int, end: int, stride: int) -> _Part:
    """Return what is taken along a dimension, as Python's slices count.

    StridedSliceStartForAxis and -EndForAxis, tensorflow/lite/kernels/internal/
    strided_slice_logic.h.
    """
    count = place + 1
    first = None if place in _mask(site, "BeginMask", count) else begin
    start = slice(first, None, stride).indices(length)[0]
    if place in _mask(site, "ShrinkAxisMask", count):
        taken = range(start, min(start + 1, length))
    else:
        last = None if place in _mask(site, "EndMask", count) else end
        if last is not None and site.options.get("Offset", False):
            last += start
        taken = range(*slice(start if start >= 0 else None, last, stride).indices(length))
        taken = taken if start >= 0 else range(0)
    if len(taken) > 1 and stride < 0:
        return _Part(taken[-1], len(taken), -stride, turned=True)
    return _Part(taken.start, len(taken), abs(stride))


def _mask(site: Site, name: str, count: int) -> set[int]:
    bits = site.options.get(name, 0)
    return {place for place in range(count) if bits >> place & 1}


@converts(SLICE=8)
def _slice(site: Site, arithmetic: LitertArithmetic) -> None:
    source = site.input(0)
    begin, size = (_numbers(site, position) for position in (1, 2))
    if not len(begin) == len(size) == len(source.shape):
        raise UserError(
            f"it begins at {begin} and takes {size}; allowed: a number of each for every dimension "
            f"of {source.shape}"
        )
    parts = [
        _Part(first, length - first if count == -1 else count)
        for first, count, length in zip(begin, size, source.shape, strict=True)
    ]
    _emit(site, source, parts, site.output)


@converts(SPLIT=5, options=Options("SplitOptions", ("NumSplits",)))
def _split(site: Site, arithmetic: LitertArithmetic) -> None:
    source = site.input(1)
    axis = _axis(site, source, _one_number(site, 0))
    count = len(site.operator.outputs)
    if site.options.get("NumSplits", 0) != count or source.shape[axis] % max(count, 1):
        raise UserError(
            f"it splits {source.shape} along dimension {axis} to {count} outputs, of which its "
            f"options say {site.options.get('NumSplits', 0)}; allowed: parts of equal size"
        )
    _emit_parts(site, source, axis, [source.shape[axis] // count] * count)


@converts(SPLIT_V=3, options=Options("SplitVOptions", ("NumSplits",)))
def _split_v(site: Site, arithmetic: LitertArithmetic) -> None:
    source, sizes = site.input(0), _numbers(site, 1)
    axis = _axis(site, source, _one_number(site, 2))
    length = source.shape[axis]
    given = sum(size for size in sizes if size != -1)
    sizes = [length - given if size == -1 else size for size in sizes]
    if len(sizes) != len(site.operator.outputs) or sum(sizes) != length or min(sizes) < 1:
        raise UserError(
            f"it splits {length} elements to parts of {sizes}, for {len(site.operator.outputs)} "
            "outputs; allowed: a part for each, all elements in one of them"
        )
    _emit_parts(site, source, axis, sizes)


@converts(UNPACK=6, options=Options("UnpackOptions", ("Num", "Axis")))
def _unpack(site: Site, arithmetic: LitertArithmetic) -> None:
    source = site.input(0)
    axis = _axis(site, source, site.options.get("Axis", 0))
    if len(site.operator.outputs) != source.shape[axis]:
        raise UserError(
            f"it has {len(site.operator.outputs)} outputs; allowed: {source.shape[axis]}, the "
            f"elements of dimension {axis} of {source.shape}"
        )
    _emit_parts(site, source, axis, [1] * source.shape[axis])


def _emit_parts(site: Site, source: TensorInfo, axis: int, sizes: list[int]) -> None:
    """Make each output of a part of the input along a dimension, one behind the other."""
    begin = 0
    for size, output in zip(sizes, site.outputs, strict=True):
        parts = [_Part(0, length) for length in source.shape]
        parts[axis] = _Part(begin, size)
        _emit(site, source, parts, output)
        begin += size


def _emit(site: Site, source: TensorInfo, parts: list[_Part], output: TensorInfo) -> None:
    """Make an output of a part of a tensor, given for each of its dimensions."""
    require_equal(Affine.of(source), Affine.of(output))
    taken = tuple(part.size for part in parts)
    if min(taken, default=1) < 1:
        raise UserError(f"it takes {taken} elements of {source.shape}; allowed: at least 1 of each")
    shape = activation_shape(output)
    if math.prod(shape) != math.prod(taken):
        raise UserError(
            f"it takes {taken} elements; the file says that {output} has shape {output.shape}"
        )
    indices = {axis: _places(part) for axis, part in enumerate(parts[1:])}
    if not any(part.turned for part in parts):
        _emit_slice(site, source, parts, output)
        return
    whole = taken[1:] == shape
    name = output.name if whole else f"{output.name}/turned"
    nodes = [*rearranged(source.name, source.shape[1:], indices, name)]
    if not whole:
        nodes.append(Reshape(inputs=(name,), output=output.name, shape=shape))
    for node in nodes[:-1]:
        site.builder.add(node)
    site.emit(nodes[-1], output)


def _places(part: _Part) -> range:
    """Return the elements that a part has, in order."""
    last = part.begin + (part.size - 1) * part.stride
    if part.turned:
        return range(last, part.begin - 1, -part.stride)
    return range(part.begin, last + 1, part.stride)


def _emit_slice(site: Site, source: TensorInfo, parts: list[_Part], output: TensorInfo) -> None:
    shape, name = activation_shape(output), source.name
    taken = tuple(part.size for part in parts)
    if taken != source.shape:
        inside = parts[1:]
        name = output.name if taken[1:] == shape else f"{output.name}/slice"
        node = Slice(
            inputs=(source.name,),
            output=name,
            begin=tuple(part.begin for part in inside),
            size=taken[1:],
            stride=tuple(part.stride if part.size > 1 else 1 for part in inside),
        )
        if name == output.name:
            site.emit(node, output)
            return
        site.builder.add(node)
    site.emit(Reshape(inputs=(name,), output=output.name, shape=shape), output)


def _axis(site: Site, source: TensorInfo, axis: int) -> int:
    rank = len(source.shape)
    if not -rank <= axis < rank or axis % rank == 0:
        raise UserError(f"axis is {axis}; allowed: a dimension of {source.shape} but the batch")
    return axis % rank


def _numbers(site: Site, position: int) -> list[int]:
    numbers: list[int] = constant(site.input(position), "INT32", "INT64").reshape(-1).tolist()
    return numbers


def _one_number(site: Site, position: int) -> int:
    numbers = _numbers(site, position)
    if len(numbers) != 1:
        raise UserError(f"{site.input(position)} has {len(numbers)} elements; allowed: 1")
    return numbers[0]
