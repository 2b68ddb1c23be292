"""REDUCE_MAX and REDUCE_MIN."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine, require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.operators.add import sum_of
from bittrue.golden.frontends.tflite.operators.mean import REDUCER_OPTIONS, reduced_axes
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import FixedPoint
from bittrue.golden.graph.add import Addend
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.table import Table
from bittrue.golden.lowering.maxima import maxima
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding


@converts(REDUCE_MAX=3, options=REDUCER_OPTIONS)
def _largest(site: Site, arithmetic: LitertArithmetic) -> None:
    """Pool windows as long as what is reduced, one run of dimensions after the other."""
    require_equal(site.source(), site.target)
    name = _maxima(site, site.input(0).name)
    _emit_shaped(site, name)


@converts(REDUCE_MIN=3, options=REDUCER_OPTIONS)
def _smallest(site: Site, arithmetic: LitertArithmetic) -> None:
    """Take the largest of codes counted from the other end."""
    require_equal(site.source(), site.target)
    turned = _turned(site, site.input(0).name, "turned")
    name = _turned(site, _maxima(site, turned), "back")
    _emit_shaped(site, name)


def _emit_shaped(site: Site, name: str) -> None:
    shape = reduced_axes(site)[1]
    site.emit(Reshape(inputs=(name,), output=site.output.name, shape=shape))


def _maxima(site: Site, name: str) -> str:
    axes, kind = reduced_axes(site)[0], site.source().type
    shape = site.builder.made(name).shape
    if not shape:
        raise UserError("its input has no dimension but the batch; allowed: one or more")
    for node in maxima(name, shape, axes, kind, f"{site.output.name}/largest"):
        site.builder.add(node)
        name = node.output
    return name


def _turned(site: Site, source: str, name: str) -> str:
    """Append ``lowest + highest code - code``."""
    affine: Affine = site.source()
    kind, name = affine.type, f"{site.output.name}/{name}"
    ends = kind.minimum + kind.maximum
    if kind.width == 8:
        values = np.arange(kind.maximum, kind.minimum - 1, -1)
        site.builder.add(Table(inputs=(source,), output=name, values=values, type=kind))
        return name
    spec = RequantSpec(output=kind, roundings=(Rounding.SINGLE_HALF_UP,))
    same = RequantChannels(spec, multiplier=1 << 30, exponent=1, zero_point=ends)
    site.builder.add(
        sum_of(
            (source,),
            name,
            (Addend(subtract=True),),
            FixedPoint(same, Rounding.SINGLE_HALF_UP),
        )
    )
    return name
