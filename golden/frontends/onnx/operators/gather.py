"""Gather, by numbers that a file states."""

from dataclasses import replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.movement import chosen, moved, normalized
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, Codes


@converts("Gather", attributes=("axis",))
def _gather(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take elements by constant numbers, in any order, or one of them."""
    value = site.take(0, *NUMBERS, Codes)
    constant = site.take(1, Constant)
    if constant.type is None or not constant.values.size or constant.values.ndim > 1:
        raise UserError("its indices are no list of integers; allowed: one, or a list")

    def take(source: Activation, name: str) -> Activation:
        shape = (1, *source.layout.shape)
        (axis,) = normalized((site.integer("axis", 0),), len(shape))
        numbers = [int(index) for index in constant.values.reshape(-1)]
        if not all(-shape[axis] <= index < shape[axis] for index in numbers):
            raise UserError(f"its indices are {numbers[:8]}; allowed: elements of {shape[axis]}")
        made = chosen(source, {axis: [n % shape[axis] for n in numbers]}, name, site.builder)
        if constant.values.ndim == 1:
            return made
        rest = tuple(length for place, length in enumerate(shape[1:], 1) if place != axis)
        return replace(made, layout=made.layout.reshaped(rest))

    site.set(moved(value, site.output, take))
