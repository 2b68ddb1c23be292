"""Equality of the golden model with qonnx on every quantized tensor of QONNX networks.

    python -m benchmarks.qonnx_equality MODEL.onnx ... [--samples N]

qonnx computes in float32, so its values are read as the codes nearest to them. Exit status 1 if one
code differs. Needs the extra ``test``.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Float64
from cocotb_tests.bench import qonnx_runtime

QUANTIZERS = ("Quant", "BipolarQuant", "Trunc")


def real_values(graph: Graph, name: str, codes: NDArray[np.integer]) -> Float64:
    """Return what codes of a tensor stand for, in the layout of the model."""
    quantization = graph.quantization[name]
    values = quantization.encoding.decode(in_model_layout(graph, name, codes))
    return values.astype(np.float64) * float(quantization.scale)


def in_qonnx_domain(path: Path) -> onnx.ModelProto:
    """Read a model whose quantizers may carry the domain of an earlier exporter, or none."""
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type in QUANTIZERS:
            node.domain = "qonnx.custom_op.general"
    return model


def compare(path: Path, graph: Graph, samples: int) -> dict[str, object]:
    """Run both on the same random codes and count the codes that differ."""
    (tensor,) = graph.inputs
    generator = np.random.default_rng(0)
    shape = (samples, *tensor.shape)
    codes = generator.integers(tensor.minimum, tensor.maximum + 1, shape)
    inputs = real_values(graph, tensor.name, codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of shapes that the file does not state.
        expected = qonnx_runtime.run(in_qonnx_domain(path), inputs.astype(np.float32))
    names = [name for name in graph.tensors if name in expected and name in graph.quantization]
    compared = different = 0
    for name, found in Executor(graph).run(codes, names).items():
        step = float(graph.quantization[name].scale)
        # A file's flat tensor may be one of an image in the graph.
        steps = expected[name].astype(np.float64).reshape(samples, -1) / step
        own = real_values(graph, name, found).reshape(samples, -1) / step
        compared += own.size
        different += int(np.count_nonzero(np.rint(steps - own)))
    return {"network": path.stem, "samples": samples, "codes": compared, "different": different}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", help=".onnx networks of one input")
    parser.add_argument("--samples", type=int, default=20)
    arguments = parser.parse_args()
    rows = [compare(path, load_network(path), arguments.samples) for path in arguments.models]
    for row in rows:
        print(row)
    return int(any(row["different"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
