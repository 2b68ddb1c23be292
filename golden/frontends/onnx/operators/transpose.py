"""Transpose."""

from dataclasses import replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.movement import layout_of, movable, shape_of, with_layout
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import QuantizedConstant


@converts("Transpose", attributes=("perm",))
def _transpose(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = movable(site)
    rank = len(shape_of(value))
    permutation = site.sizes("perm", tuple(reversed(range(rank))))
    if sorted(permutation) != list(range(rank)):
        raise UserError(f"its perm is {permutation}; allowed: an order of {rank} dimensions")
    if isinstance(value, Constant):
        site.set(replace(value, values=value.values.transpose(permutation)))
    elif isinstance(value, QuantizedConstant):
        site.set(
            replace(
                value,
                codes=value.codes.transpose(permutation),
                scale=value.scale.transpose(permutation),
                zero_point=value.zero_point.transpose(permutation),
            )
        )
    else:
        if permutation[0] != 0:
            raise UserError(f"its perm is {permutation}; allowed: the batch first, where it is")
        moved = layout_of(value).transposed([axis - 1 for axis in permutation[1:]])
        site.set(with_layout(value, moved))
