"""What ONNX Runtime computes in float32 comes in as the standard defines it, with a note."""

import argparse
from pathlib import Path

import numpy as np
import onnx
import pytest

from bittrue.flows.arguments.model_arguments import load_model
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.no_integer_kernel import FloatingPointWarning
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime


def fake_quantized(extra: str = "") -> onnx.ModelProto:
    """As torch writes fake quantization: relu before int8 codes around 0, scales powers of two."""
    b = QuantizedBuilder(np.int8, False, 1)
    given = b.input(3, 5, 5)
    x = Tensor(given.name, np.float32(2.0**-5), 0, given.shape)
    weight = b.real_constant(b.codes(4, 3, 3, 3, dtype=np.int8), np.float32(2.0**-7))
    y = b.builder.operator("Relu", b.builder.operator("Conv", b.real(x), weight))
    if extra:
        y = b.builder.operator(extra, y)
    return b.model(b.quantized(y, (4, 3, 3), np.float32(0.25), 0))


def test_it_equals_the_float_operators() -> None:
    proto = fake_quantized()
    with pytest.warns(FloatingPointWarning, match="imported with profile onnx"):
        graph = convert_onnx(proto.SerializeToString())
    assert graph.profile == "onnx"
    inputs, (output,) = inputs_of(proto, graph, 6), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False, int8=False)[output]
    assert len(np.unique(expected)) > 30
    assert np.array_equal(run_graph(graph, inputs)[output], expected)


def test_who_asks_for_the_runtime_gets_it_or_nothing() -> None:
    with pytest.raises(UserError, match="the activation behind it limits"):
        convert_onnx(fake_quantized().SerializeToString(), "onnxruntime")


def test_other_obstacles_are_not_hidden() -> None:
    with pytest.raises(UserError, match=r"operator 4, Det .*: it is not supported"):
        convert_onnx(fake_quantized("Det").SerializeToString())


def test_commands_print_the_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(fake_quantized(), tmp_path / "net.onnx")
    load_model(
        argparse.Namespace(
            model=tmp_path / "net.onnx", profile=None, inputs=[], outputs=[], input_type=[]
        )
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note: operator 4, QuantizeLinear")
