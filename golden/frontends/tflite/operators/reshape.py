"""RESHAPE, SQUEEZE and EXPAND_DIMS."""

from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.reshape import Reshape


@converts(RESHAPE=1, SQUEEZE=2, EXPAND_DIMS=1)
def _reshape(site: Site, arithmetic: LitertArithmetic) -> None:
    if site.input(0).quantized:
        require_equal(site.source(), site.target)
    shape = activation_shape(site.output)
    site.emit(Reshape(inputs=(site.input(0).name,), output=site.output.name, shape=shape))
