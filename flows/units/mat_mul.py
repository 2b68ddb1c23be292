"""Products of two matrices that both are streams, with example contents."""

from amaranth.lib import wiring

from bittrue.flows.units.layers import (
    KIND,
    NAME,
    OUTPUT,
    REQUANTIZER,
    RequantizerKind,
    parse_shape,
    requantized,
)
from bittrue.flows.units.unit import Parameter, Unit, parse_flag
from bittrue.golden.graph import Encoding, Tensor
from bittrue.golden.graph.mat_mul import MatMul as MatMulNode
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.mat_mul import MatMulSpec

MAT_MUL_PARAMETERS = {
    "a": KIND,
    "b": KIND,
    "shape": Parameter("2x6x8", parse_shape, "of the first input: matrices x rows x columns"),
    "rows": Parameter("4", int, "of each matrix of the second input"),
    "zero_points": Parameter("yes", parse_flag, "yes or no"),
    "requantizer": REQUANTIZER,
    "entries": Parameter("1", int, "scales: 1, or as many as rows"),
    "output": OUTPUT,
    "lanes": Parameter("2", int, "elements of a beat of the inputs, a divisor of the columns"),
    "lanes_out": Parameter("1", int, "elements of a beat of the output, a divisor of the rows"),
    "name": NAME,
}


def _build_mat_mul(
    a: IntegerType,
    b: IntegerType,
    shape: tuple[int, ...],
    rows: int,
    zero_points: bool,
    requantizer: RequantizerKind,
    entries: int,
    output: IntegerType,
    lanes: int,
    lanes_out: int,
    name: str,
) -> wiring.Component:
    second = (*shape[:-2], rows, shape[-1])
    tensors = Tensor.of_type("a", shape, a), Tensor.of_type("b", second, b)
    encodings = Encoding(), Encoding()
    if zero_points:
        encodings = Encoding(a.minimum // 3), Encoding(b.maximum // 4)
    node = MatMulNode(inputs=("a", "b"), output="y", encodings=encodings)
    node = requantized(node, tensors, requantizer, output, entries)
    return MatMulSpec(node, tensors, lanes, lanes_out).build(name)


MAT_MUL_UNITS = {
    "mat_mul": Unit("product of two matrices, both of them streams", _build_mat_mul,
                    MAT_MUL_PARAMETERS)
}  # fmt: skip
