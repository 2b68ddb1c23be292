"""Softmax and LogSoftmax, which are refused."""

import shlex

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts


@converts("Softmax", "LogSoftmax", attributes=("axis",))
@converts("QLinearSoftmax", domains=(MICROSOFT,), attributes=("axis", "opset"), inputs=5)
def _softmax(site: Site, arithmetic: OnnxArithmetic) -> None:
    name = shlex.quote(site.node.inputs[0]) if site.node.inputs else "TENSOR"
    raise UserError(
        "it divides real numbers, which no integers reproduce; end the model before it, the order "
        f"of the classes stays the same: --outputs {name}"
    )
