"""Functions of one code: LOGISTIC, GELU, HARD_SWISH, LEAKY_RELU, RSQRT, and others."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.operators.prelu import emit_slopes
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.table import Table


@converts(LEAKY_RELU=2, options=Options("LeakyReluOptions", ("Alpha",)))
@converts(GELU=3, options=Options("GeluOptions", ("Approximate",)))
@converts(LOGISTIC=3, TANH=3, HARD_SWISH=1, ELU=1)
@converts(ABS=5, NEG=1, SQRT=2, RSQRT=3, EXP=2, LOG=2)
def _function(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), site.target
    if source.type != target.type:
        raise UserError(f"its input is {source.type} and its output {target.type}; allowed: equal")
    function, alpha = site.operator.name, float(site.options.get("Alpha", 0.0))
    if source.type.width == 16 and function in ("ABS", "LEAKY_RELU"):
        emit_slopes(site, *arithmetic.slopes(function, source, target, alpha))
        return
    if function == "GELU" and site.options.get("Approximate", False):
        function = "GELU_BY_TANH"
    values = arithmetic.table(function, source, target, alpha)
    name = site.input(0).name
    site.emit(Table(inputs=(name,), output=site.output.name, values=values, type=target.type))
