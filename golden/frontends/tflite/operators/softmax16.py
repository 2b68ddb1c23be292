"""SOFTMAX of 16-bit codes."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal


def emit_softmax16(
    site: Site, arithmetic: LitertArithmetic, source: Affine, target: Affine
) -> None:
    """Append the softmax of 16-bit codes."""
    if (
        target.type != source.type
        or target.zero_point != 0
        or not 0.999 <= target.scale * 2**15 <= 1.001  # What the kernel accepts.
    ):
        raise UserError(
            f"its output is {target.type} with scale {target.scale}, zero point "
            f"{target.zero_point}; allowed for 16-bit input: int16, {2.0**-15}, 0"
        )
    site.emit(
        Softmax16(
            inputs=(site.input(0).name,),
            output=site.output.name,
            exponential=softmax16_exponential(source.scale, float(site.options.get("Beta", 0.0))),
            reciprocal=softmax16_reciprocal(arithmetic.softmax16_dtype),
        )
    )
