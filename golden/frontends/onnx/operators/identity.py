"""Operators that change no number: Identity, Dropout, Cast."""

from fractions import Fraction

from onnx import TensorProto

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import Codes, Real
from bittrue.golden.graph import Quantization


@converts("Identity")
@converts("Dropout", without_effect=("is_test", "ratio", "seed"))
def _identity(site: Site, arithmetic: OnnxArithmetic) -> None:
    if site.node.operator == "Dropout" and site.has(2) and site.take(2, Constant).values.any():
        raise UserError("its training_mode is true; export the model for inference")
    site.builder.values[site.node.outputs[0]] = site.input(0)


@converts("Cast", attributes=("to",), without_effect=("round_mode", "saturate"))
def _cast(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Casts from integers to real numbers, and none between real ones, change no number."""
    value, real = site.input(0), site.integer("to", 0) in (TensorProto.FLOAT, TensorProto.DOUBLE)
    if not real:
        raise UserError("it casts to another type than FLOAT; quantize instead")
    elif isinstance(value, Codes):
        value = Real(value.activation, Quantization(Fraction(1)))
    site.set(value)
