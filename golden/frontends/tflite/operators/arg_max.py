"""ARG_MAX."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.arg_max import ArgMax


@converts(ARG_MAX=3)
def _arg_max(site: Site, arithmetic: LitertArithmetic) -> None:
    rank = len(site.input(0).shape)
    axis = constant(site.input(1), "INT32", "INT64").reshape(-1).tolist()
    if axis not in ([-1], [rank - 1]) or rank < 2:
        raise UserError(f"axis is {axis}; allowed: the last dimension of {site.input(0).shape}")
    site.emit(ArgMax(inputs=(site.input(0).name,), output=site.output.name))
