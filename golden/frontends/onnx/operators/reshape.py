"""Reshape, Flatten, Squeeze and Unsqueeze."""

import math

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.movement import movable, normalized, reshaped, shape_of
from bittrue.golden.frontends.onnx.registry import converts


@converts("Reshape", attributes=("allowzero", "shape"))
def _reshape(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = movable(site)
    source = shape_of(value)
    wanted = list(site.integers(1) if site.has(1) else site.sizes("shape"))
    if not site.integer("allowzero", 0):
        wanted = [
            source[i] if size == 0 and i < len(source) else size for i, size in enumerate(wanted)
        ]
    known = math.prod(size for size in wanted if size != -1)
    total = math.prod(source)
    if min(wanted, default=1) < -1 or wanted.count(-1) > 1 or known == 0 or total % known:
        raise UserError(f"it reshapes {source} to {wanted}; the sizes do not fit")
    shape = tuple(total // known if size == -1 else size for size in wanted)
    if math.prod(shape) != total:
        raise UserError(f"it reshapes {source} to {wanted}; the sizes do not fit")
    site.set(reshaped(value, shape))


@converts("Flatten", attributes=("axis",))
def _flatten(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = movable(site)
    source = shape_of(value)
    axis = site.integer("axis", 1)
    axis = axis + len(source) if axis < 0 else axis
    if not 0 <= axis <= len(source):
        raise UserError(f"its axis is {axis}; allowed: a dimension of {source}")
    site.set(reshaped(value, (math.prod(source[:axis]), math.prod(source[axis:]))))


def _axes(site: Site) -> tuple[int, ...] | None:
    """Return axes, which are an input in newer operator sets and an attribute in older ones."""
    if site.has(1):
        return site.integers(1)
    return site.sizes("axes") if "axes" in site.node.attributes else None


@converts("Squeeze", attributes=("axes",))
def _squeeze(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = movable(site)
    source = shape_of(value)
    axes = _axes(site)
    if axes is None:
        axes = tuple(i for i, size in enumerate(source) if size == 1)
    dropped = normalized(axes, len(source))
    if any(source[axis] != 1 for axis in dropped):
        raise UserError(f"its axes are {axes}; allowed: dimensions of size 1 of {source}")
    site.set(reshaped(value, tuple(s for i, s in enumerate(source) if i not in dropped)))


@converts("Unsqueeze", attributes=("axes",))
def _unsqueeze(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = movable(site)
    source, axes = list(shape_of(value)), _axes(site)
    if axes is None:
        raise UserError("it has no axes")
    for axis in sorted(normalized(axes, len(source) + len(axes))):
        source.insert(axis, 1)
    site.set(reshaped(value, tuple(source)))
