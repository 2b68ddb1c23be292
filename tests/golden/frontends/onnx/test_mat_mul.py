"""Products of two matrices that both are computed, against ONNX Runtime."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder, Tensor, session
from tests.support.onnx_comparison import assert_equal

Shape = tuple[int, ...]


def product(b: QuantizedBuilder, first: Tensor, second: Tensor) -> Tensor:
    """Return the product of two tensors, in the builder's form."""
    outer = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    shape = (*outer, first.shape[-2], second.shape[-1])
    spread = 74 * 74 * float(first.scale * second.scale) * np.sqrt(first.shape[-1])
    if b.qoperator:
        inputs = [*b.coded(first), *b.coded(second)]
        return b.made("QLinearMatMul", inputs, shape, b.scale(spread / 50))
    y = b.builder.operator("MatMul", b.real(first), b.real(second))
    return b.quantized(y, shape, b.scale(spread / 50))


def transposed(b: QuantizedBuilder, x: Tensor) -> Tensor:
    """Return a tensor with its last two dimensions exchanged."""
    rank = len(x.shape)
    order = [*range(rank - 1), rank, rank - 1]
    name = b.builder.operator("Transpose", x.name, perm=order)
    return Tensor(name, x.scale, x.zero_point, (*x.shape[:-2], x.shape[-1], x.shape[-2]))


CASES: dict[str, tuple[Shape, Shape]] = {
    "matrices": ((5, 6), (6, 7)),
    "heads": ((3, 5, 4), (3, 4, 6)),
    "one for all heads": ((3, 5, 4), (1, 4, 6)),
    "more dimensions": ((2, 3, 5, 4), (2, 3, 4, 2)),
}


@pytest.mark.parametrize("qoperator", [False, True])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("case", CASES)
def test_equals_onnxruntime(case: str, dtype: Any, qoperator: bool) -> None:
    first, second = CASES[case]
    for seed in range(3):
        b = QuantizedBuilder(dtype, qoperator, seed)
        y = product(b, b.input(*first), b.input(*second, name="w"))
        assert_equal(b.model(y), samples=8)


@pytest.mark.parametrize("qoperator", [False, True])
def test_queries_and_keys_of_one_layer(qoperator: bool) -> None:
    """What a transpose turns for the product needs no node: its columns are rows already."""
    b = QuantizedBuilder(np.int8, qoperator, 4)
    x = b.input(5, 6)
    queries, keys = b.product(x, 4), b.product(x, 4)
    graph = assert_equal(b.model(product(b, queries, transposed(b, keys))), samples=8)
    assert [node.title for node in graph.nodes] == ["dense", "dense", "matmul"]


def test_a_constant_of_matrices() -> None:
    b = QuantizedBuilder(np.int8, False, 5)
    y = product(b, b.input(3, 5, 4), b.coded_constant(3, 4, 6))
    assert_equal(b.model(y), samples=8)


def test_integers_without_scales() -> None:
    """The sums are exact under the standard's arithmetic, and scaled behind it."""
    b = QuantizedBuilder(np.uint8, False, 6)
    first, second = b.input(3, 4), b.input(4, 5, name="w")
    zeros = [b.builder.constant(np.array(code, np.uint8)) for code in (3, 250)]
    sums = b.builder.operator("MatMulInteger", first.name, second.name, *zeros)
    real = b.builder.operator("Cast", sums, to=onnx.TensorProto.FLOAT)
    scaled = b.builder.operator("Mul", real, b.builder.constant(np.array(2.0**-10, np.float32)))
    proto = b.model(b.quantized(scaled, (3, 5), 2.0**-2, 128))
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    random = np.random.default_rng(0)
    codes = {"x": random.integers(0, 256, (20, 3, 4)), "w": random.integers(0, 256, (20, 4, 5))}
    (output,) = graph.outputs
    made = Executor(graph).run(codes)[output]
    runner = session(proto)
    for sample in range(20):
        feeds = {name: each[sample : sample + 1].astype(np.uint8) for name, each in codes.items()}
        assert np.array_equal(runner.run(None, feeds)[0], made[sample : sample + 1])


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((6,), (6, 7), r"have shapes \('N', 6\) and \('N', 6, 7\); allowed: matrices for each"),
        ((5, 6), (5, 7), r"as many rows in the second as columns in the first"),
        ((3, 5, 6), (2, 6, 7), r"its inputs have shapes \(3, 5, 6\) and \(2, 6, 7\)"),
    ],
)
def test_refused(first: Shape, second: Shape, message: str) -> None:
    b = QuantizedBuilder(np.int8, False, 0)
    y = b.builder.operator("MatMul", b.real(b.input(*first)), b.real(b.input(*second, name="w")))
    with pytest.raises(UserError, match=message):
        convert_onnx(b.model(b.quantized(y, (1,))).SerializeToString(), "onnx")
