"""SOFTMAX."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.operators.softmax16 import emit_softmax16
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.numbers.softmax import softmax_exponential


@converts(SOFTMAX=4, options=Options("SoftmaxOptions", ("Beta",)))
def _softmax(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), Affine.of(site.output, any_zero_point=True)
    if source.type.width == 16:
        emit_softmax16(site, arithmetic, source, target)
        return
    expected = Affine(target.type, 2.0**-target.type.width, target.type.minimum)
    if (
        source.type.width != 8
        or target.zero_point != expected.zero_point
        or not 0.999 <= target.scale / expected.scale <= 1.001  # What the kernel accepts.
    ):
        raise UserError(
            f"its input is {source.type} and its output has scale {target.scale}, zero point "
            f"{target.zero_point}; allowed: 8-bit input, output {expected.scale}, "
            f"{expected.zero_point}"
        )
    exponential = softmax_exponential(source.scale, float(site.options.get("Beta", 0.0)), 8)
    name = site.input(0).name
    site.emit(
        Softmax(inputs=(name,), output=site.output.name, exponential=exponential, type=target.type)
    )
