"""MUL."""

import dataclasses

from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.operands import operands_of, require_one_type
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.multiply import Multiply


@converts(MUL=8, options=Options("MulOptions", (FUSED,)), repeats=True)
def _multiplication(site: Site, arithmetic: LitertArithmetic) -> None:
    require_one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    node = Multiply(
        inputs=operands_of(site),
        output=site.output.name,
        encodings=(first.encoding, second.encoding),
    )
    requantization = arithmetic.multiplication(
        site.builder.infer(node), first, second, target, fused_clamp(site, arithmetic)
    )
    site.emit(dataclasses.replace(node, requantization=requantization))
