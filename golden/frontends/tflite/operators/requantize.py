"""QUANTIZE."""

import dataclasses
from collections.abc import Callable

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import CONVERTED_WIDTHS, Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import AccumulatorBounds, Requantization, Requantize

_WIDE_CONVERSIONS = {("int16", "int32"), ("int32", "int16"), ("int32", "int8")}


@converts(QUANTIZE=6)
def _quantize(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = (
        Affine.of(info, widths=CONVERTED_WIDTHS) for info in (site.input(0), site.output)
    )
    kinds = str(source.type), str(target.type)
    if "int32" in kinds and kinds not in _WIDE_CONVERSIONS:
        raise UserError(
            f"it makes {kinds[1]} of {kinds[0]}, which the kernels refuse; allowed with 32 bits: "
            "int32 of int16, int16 and int8 of int32"
        )
    emit_requantize(
        site, arithmetic.rescale, source, target, (target.type.minimum, target.type.maximum)
    )


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
