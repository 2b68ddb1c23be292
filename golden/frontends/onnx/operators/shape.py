"""Shape, of which models compute what they reshape to."""

import numpy as np

from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.movement import movable, shape_of
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.numbers.integer_type import IntegerType

_INT64 = IntegerType(64, True)


@converts("Shape", attributes=("end", "start"))
def _shape_of(site: Site, arithmetic: OnnxArithmetic) -> None:
    whole = shape_of(movable(site))
    shape = whole[site.integer("start", 0) : site.integer("end", len(whole))]
    site.set(Constant(np.array(shape, dtype=np.int64), _INT64))
