"""QUANTIZE."""

import dataclasses
from collections.abc import Callable

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import CONVERTED_WIDTHS, Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.reals import IN_REALS, table_in_reals
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.table import Table

_WIDE_CONVERSIONS = {("int16", "int32"), ("int32", "int16"), ("int32", "int8")}


@converts(QUANTIZE=6)
def _quantize(site: Site, arithmetic: LitertArithmetic) -> None:
    # Softmax makes 16-bit codes whose zero point is their lowest one.
    source = Affine.of(site.input(0), any_zero_point=True, widths=CONVERTED_WIDTHS)
    target = Affine.of(site.output, widths=CONVERTED_WIDTHS)
    if IN_REALS in site.options:
        _emit_table(site, arithmetic, source, target)
        return
    kinds = str(source.type), str(target.type)
    if "int32" in kinds and kinds not in _WIDE_CONVERSIONS:
        raise UserError(
            f"it makes {kinds[1]} of {kinds[0]}, which the kernels refuse; allowed with 32 bits: "
            "int32 of int16, int16 and int8 of int32"
        )
    emit_requantize(
        site, arithmetic.rescale, source, target, (target.type.minimum, target.type.maximum)
    )


def _emit_table(site: Site, arithmetic: LitertArithmetic, source: Affine, target: Affine) -> None:
    """Append functions of real numbers, between codes of up to 16 bits."""
    if max(source.type.width, target.type.width) > 16:
        raise UserError(
            f"it makes {target.type} of {source.type} by real numbers; allowed: 16 bits"
        )
    functions = site.options[IN_REALS]
    values = table_in_reals(functions, source, target, arithmetic.quantize_rounding)
    name = site.input(0).name
    site.emit(Table(inputs=(name,), output=site.output.name, values=values, type=target.type))


def emit_requantize(
    site: Site,
    rescale: Callable[[AccumulatorBounds, Affine, Affine, tuple[int, int]], Requantization],
    source: Affine,
    target: Affine,
    clamp: tuple[int, int],
) -> None:
    """Append a change of scale that an arithmetic makes."""
    name = site.input(0).name
    node = Requantize(inputs=(name,), output=site.output.name, encoding=source.encoding)
    requantization = rescale(site.builder.infer(node), source, target, clamp)
    site.emit(dataclasses.replace(node, requantization=requantization))
