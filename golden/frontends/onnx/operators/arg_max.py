"""ArgMax."""

from dataclasses import replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import Codes, Real
from bittrue.golden.graph.arg_max import ArgMax


@converts("ArgMax", attributes=("axis", "keepdims", "select_last_index"))
def _arg_max(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, Real, Codes)
    if isinstance(value, Real) and value.functions:
        raise UserError("its input has passed an activation function; quantize before it")
    shape = value.activation.layout.shape
    axis = site.integer("axis", 0)
    if site.integer("select_last_index", 0) or not shape or axis % (len(shape) + 1) == 0:
        raise UserError(
            f"its axis is {axis}; allowed: a dimension but the batch; the first of equals"
        )
    last = axis % (len(shape) + 1) - 1
    others = [dimension for dimension in range(len(shape)) if dimension != last]
    source = site.builder.arranged(value.activation, (*others, last))
    node = ArgMax(inputs=(source.name,), output=site.output)
    sizes = tuple(shape[dimension] for dimension in others)
    layout = Layout.same(sizes)
    made = site.builder.add(node, layout)
    if site.integer("keepdims", 1):
        made = replace(made, layout=layout.reshaped((*shape[:last], 1, *shape[last + 1 :])))
    site.set(Codes(made))
