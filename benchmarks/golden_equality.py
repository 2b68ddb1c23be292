"""Equality of the golden model with LiteRT's reference kernels, on every tensor of networks.

    python benchmarks/golden_equality.py MODEL.tflite ... [--samples N] [--real FILE.bin]

Inputs are random codes, structured ones (constants, ramps, checkerboards, impulses), and windows of
a recording of little-endian float32 features where `--real` gives one, quantized with the scale and
zero point of the input it fits. Exit status 1 if one code differs.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from golden.execute import Executor
from golden.graph import Graph, Tensor
from golden.tflite_import import import_tflite

Codes = NDArray[np.int8]

REPORT = Path("sim_build/golden_equality.json")


def structured(tensor: Tensor) -> list[NDArray[np.int64]]:
    """Constants, ramps in both directions, checkerboards and impulses."""
    low, high, elements = tensor.minimum, tensor.maximum, tensor.elements
    flat = np.arange(elements)
    patterns = [np.full(elements, code) for code in (low, -1, 0, 1, high)]
    patterns += [low + flat % (high - low + 1), high - flat % (high - low + 1)]
    patterns += [np.where(flat // step % 2, high, low) for step in (1, 2, 3, 7, 32)]
    for place in np.linspace(0, elements - 1, 8).astype(int):
        impulse = np.full(elements, low)
        impulse[place] = high
        patterns.append(impulse)
    return patterns


def inputs_of(graph: Graph, samples: int, real: NDArray[np.float32] | None) -> Codes:
    """Return structured, recorded and random codes, `samples` in all or more."""
    (tensor,) = graph.inputs
    codes = structured(tensor)
    if real is not None and len(real) % tensor.elements == 0 and len(tensor.shape) == 1:
        quantization = graph.quantization[tensor.name]
        scaled = np.rint(real / np.float32(float(quantization.scale)))
        rounded = scaled.astype(np.int64) + quantization.encoding.zero_point
        codes += list(np.clip(rounded, tensor.minimum, tensor.maximum).reshape(-1, tensor.elements))
    generator = np.random.default_rng(0)
    while len(codes) < samples:
        codes.append(generator.integers(tensor.minimum, tensor.maximum + 1, tensor.elements))
    return np.stack(codes).reshape(-1, *tensor.shape).astype(np.int8)


def compare(path: Path, samples: int, real: NDArray[np.float32] | None) -> dict[str, object]:
    """Run both on the same codes and count the codes that differ."""
    graph = import_tflite(path, "litert")
    codes = inputs_of(graph, samples, real)
    start = time.perf_counter()
    results = Executor(graph).run(codes, list(graph.tensors))
    golden_seconds = time.perf_counter() - start
    interpreter = Interpreter(
        model_path=str(path),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    index = {detail["name"]: detail["index"] for detail in interpreter.get_tensor_details()}
    (source,) = interpreter.get_input_details()
    compared = different = 0
    for sample in track(range(len(codes)), f"{path.stem}: {len(codes)} samples"):
        interpreter.set_tensor(source["index"], codes[sample : sample + 1])
        interpreter.invoke()
        for name, values in results.items():
            expected = interpreter.get_tensor(index[name])[0]
            compared += expected.size
            different += int(np.count_nonzero(values[sample] != expected))
    return {
        "network": path.stem,
        "samples": len(codes),
        "tensors": len(results),
        "codes": compared,
        "different": different,
        "golden_seconds": round(golden_seconds, 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", help=".tflite networks with one input")
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--real", type=Path, help="a recording of float32 features")
    arguments = parser.parse_args()
    real = None if arguments.real is None else np.fromfile(arguments.real, "<f4")
    rows = [compare(path, arguments.samples, real) for path in arguments.models]
    table = Table(title="golden model against LiteRT's reference kernels", title_justify="left")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()))
    Console().print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=1))
    return int(any(row["different"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
