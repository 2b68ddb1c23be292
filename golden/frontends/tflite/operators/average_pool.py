"""AVERAGE_POOL_2D."""

from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.windows import POOL_OPTIONS, pool_window_of
from bittrue.golden.graph.average_pool import AveragePool


@converts(AVERAGE_POOL_2D=3, options=POOL_OPTIONS)
def _average_pool(site: Site, arithmetic: LitertArithmetic) -> None:
    require_equal(site.source(), site.target)
    minimum, maximum = fused_clamp(site, arithmetic)
    site.emit(
        AveragePool(
            inputs=(site.input(0).name,),
            output=site.output.name,
            window=pool_window_of(site),
            minimum=minimum,
            maximum=maximum,
        )
    )
