"""Circuits of imported QONNX networks against qonnx's execution, at fast and at slow foldings."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittrue.cli import main
from bittrue.golden.frontends.load import load_network
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.qonnx_networks import QonnxBuilder

SIZE = 32
SAMPLES = 30


class LayerBuilder(QonnxBuilder):
    def quantized(self, x: str, bits: int) -> str:
        if bits > 1:
            return self.quant(x, 1, bits, narrow=1)
        one = self.constant(np.asarray(1, np.float32))
        return self.operator("BipolarQuant", x, one, domain="qonnx.custom_op.general")


def layer(bits: int) -> onnx.ModelProto:
    """Return a product with weights of some bits, batch normalization and a quantizer."""
    random = np.random.default_rng(bits)
    b = LayerBuilder()

    def numbers(values: Any) -> str:
        return b.constant(np.asarray(values, np.float32))

    weight = b.quantized(numbers(random.uniform(-1.5, 1.5, (SIZE, SIZE))), bits)
    product = b.operator("MatMul", b.quantized("x", bits), weight)
    # Scales of many digits, so that multipliers take many bits; negative ones turn steps round.
    normalized = b.operator(
        "BatchNormalization",
        product,
        numbers(random.uniform(-1.5, 1.5, SIZE)),
        numbers(random.normal(size=SIZE) / 3),
        numbers(random.normal(size=SIZE)),
        numbers(random.uniform(4, 30, SIZE)),
    )
    model = b.model({"x": (np.float32, (1, SIZE))}, [b.quantized(normalized, bits)])
    name = model.graph.output[0].name
    info = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, SIZE])
    model.graph.output[0].CopyFrom(info)
    return model


@pytest.mark.parametrize("cycles", [8, 64])
@pytest.mark.parametrize("bits", [1, 2])
def test_a_layer_of_few_bits_equals_qonnx_at_every_rate(
    bits: int, cycles: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = layer(bits)
    path = tmp_path / "layer.onnx"
    onnx.save(model, path)
    samples = np.random.default_rng(5).uniform(-2, 2, (SAMPLES, SIZE)).astype(np.float32)
    tensors = run(model, samples)
    graph = load_network(path)
    (given,) = graph.inputs
    codes = {
        name: (tensors[name] > 0) if bits == 1 else tensors[name]
        for name in (given.name, graph.outputs[0])
    }
    assert len(np.unique(codes[graph.outputs[0]])) == (2 if bits == 1 else 3)
    np.save("x.npy", codes[given.name].astype(np.uint8 if bits == 1 else np.int8))
    simulator = "icarus" if shutil.which("iverilog") else "verilator"
    command = ["sim", str(path), "--input", "x.npy", "--output", "y.npy", "--sim", simulator]
    assert main([*command, "--cycles", str(cycles)]) == 0
    np.testing.assert_array_equal(np.load("y.npy"), codes[graph.outputs[0]])
