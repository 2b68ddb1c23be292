"""MAXIMUM and MINIMUM."""

from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.operands import operands_of
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Node
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.min_max import MinMax


@converts(MAXIMUM=4, MINIMUM=4, repeats=True)
def _min_max(site: Site, arithmetic: LitertArithmetic) -> None:
    site.input_count(2)
    # The kernels compare codes, which says something of numbers at one scale only.
    for position in (0, 1):
        require_equal(site.source(position), site.target)
    site.emit(_limited(site) or _compared(site))


def _compared(site: Site) -> Node:
    greatest = site.operator.name == "MAXIMUM"
    return MinMax(inputs=operands_of(site), output=site.output.name, greatest=greatest)


def _limited(site: Site) -> Node | None:
    """Return a limit of codes where one operand is a single number; None where it is not."""
    for position in (0, 1):
        given, info = site.input(1 - position), site.input(position)
        if info.data is None or given.data is not None or given.shape != site.output.shape:
            continue
        codes = constant(info, info.type_name)
        if codes.size and (codes == codes.flat[0]).all():
            code, kind = int(codes.flat[0]), site.target.type
            lowest, highest = kind.minimum, kind.maximum
            if site.operator.name == "MAXIMUM":
                lowest = code
            else:
                highest = code
            return Clamp(
                inputs=(given.name,), output=site.output.name, minimum=lowest, maximum=highest
            )
    return None
