"""RELU and its relatives."""

from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.operators.requantize import emit_requantize
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.clamp import Clamp


@converts(RELU=3, RELU6=3, RELU_N1_TO_1=1, RELU_0_TO_1=1)
def _relu(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), site.target
    clamp = arithmetic.activation_clamp(site.operator.name, target)
    if site.operator.name in arithmetic.relus_without_rescale:
        clamp = arithmetic.activation_clamp(site.operator.name, source)
    if source == target or site.operator.name in arithmetic.relus_without_rescale:
        name = site.input(0).name
        site.emit(
            Clamp(inputs=(name,), output=site.output.name, minimum=clamp[0], maximum=clamp[1])
        )
        return
    emit_requantize(site, arithmetic.rescale_float32, source, target, clamp)
