"""Equality of the golden model with the runtime of each profile, on every tensor of networks.

    python -m benchmarks.golden_equality [MODEL.tflite ...] [--samples N] [--real FILE.bin]

Without models, those in the folder that the environment variable BITTRUE_MODELS names. The runtimes
are LiteRT's reference kernels, LiteRT with XNNPACK, and TensorFlow Lite Micro. Inputs are random
codes, structured ones (constants, ramps, checkerboards, impulses), and windows of a recording of
little-endian float32 features where `--real` gives one, quantized with the scale and zero point of
the input it fits. Exit status 1 if one code differs.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tflite_micro import runtime

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import PROFILES, import_tflite
from bittrue.golden.graph import Graph, Tensor, storage_dtype
from bittrue.golden.numbers.arrays import Float32, Int64

Codes = NDArray[np.integer]

REPORT = Path("sim_build/golden_equality.json")
MICRO_ARENA_BYTES = 1 << 21
RESOLVERS = {"litert": OpResolverType.BUILTIN_REF, "xnnpack": OpResolverType.BUILTIN}


def structured(tensor: Tensor) -> list[Int64]:
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


def inputs_of(graph: Graph, samples: int, real: Float32 | None) -> dict[str, Codes]:
    """Return structured, recorded and random codes for each input, `samples` in all or more."""
    generator = np.random.default_rng(0)
    return {
        tensor.name: _input_codes(graph, tensor, samples, real, generator)
        for tensor in graph.inputs
    }


def _input_codes(
    graph: Graph, tensor: Tensor, samples: int, real: Float32 | None, generator: np.random.Generator
) -> Codes:
    codes = structured(tensor)
    if real is not None and len(real) % tensor.elements == 0 and len(tensor.shape) == 1:
        quantization = graph.quantization[tensor.name]
        scaled = np.rint(real / np.float32(float(quantization.scale)))
        rounded = scaled.astype(np.int64) + quantization.encoding.zero_point
        codes += list(np.clip(rounded, tensor.minimum, tensor.maximum).reshape(-1, tensor.elements))
    while len(codes) < samples:
        codes.append(generator.integers(tensor.minimum, tensor.maximum + 1, tensor.elements))
    return np.stack(codes).reshape(-1, *tensor.shape).astype(storage_dtype(tensor.type))


class Reference:
    """The runtime that a profile names, with every tensor in sight."""

    def __init__(self, content: bytes, profile: str) -> None:
        subgraph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
        self._subgraph = subgraph
        self._index: dict[str, int] = {}
        for index, tensor in enumerate(subgraph.tensors):
            # Names may be missing or repeat; the graph's have the tensor's number then.
            name = (tensor.name or b"").decode() or f"tensor {index}"
            self._index[f"{name}#{index}" if name in self._index else name] = index
        if profile == "tflite-micro":
            micro = runtime.Interpreter.from_bytes(
                content,
                arena_size=MICRO_ARENA_BYTES,
                intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
            )
            self._tensor = lambda index: np.array(micro.GetTensor(index, 0)["tensor_data"])
            place = {int(index): k for k, index in enumerate(subgraph.inputs)}
            self._set_input = lambda index, values: micro.set_input(values, place[index])
            self._invoke = micro.invoke
            return
        litert = Interpreter(
            model_content=content if profile == "litert" else with_every_tensor_an_output(content),
            num_threads=1,
            experimental_op_resolver_type=RESOLVERS[profile],
            experimental_preserve_all_tensors=profile == "litert",
        )
        litert.allocate_tensors()
        self._set_input = litert.set_tensor
        self._tensor, self._invoke = litert.get_tensor, litert.invoke

    def has(self, name: str) -> bool:
        """Return whether a tensor of the graph is one of the file's."""
        return name in self._index

    def _file_input(self, name: str, codes: Codes) -> tuple[int, Codes | Float32]:
        """Return which of the file's inputs is given what.

        Where the file takes real numbers, and quantizes them first, those that codes stand for.
        """
        index = self._index[name]
        if index in self._subgraph.inputs:
            return index, codes
        (source,) = (
            int(each.inputs[0]) for each in self._subgraph.operators if index in each.outputs
        )
        quantization = self._subgraph.tensors[index].quantization
        steps = codes.astype(np.float32) - np.float32(quantization.zeroPoint[0])
        return source, steps * np.float32(quantization.scale[0])

    def run(self, inputs: dict[str, Codes]) -> Callable[[str], Codes]:
        """Compute one sample, of shape (1, ...), and return what gives its tensors by name."""
        for name, codes in inputs.items():
            self._set_input(*self._file_input(name, codes))
        self._invoke()
        return lambda name: self._tensor(self._index[name])


def with_every_tensor_an_output(content: bytes) -> bytes:
    """Return a model in which XNNPACK cannot keep what operators make to itself."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    graph.outputs = np.concatenate([operator.outputs for operator in graph.operators])
    model.signatureDefs = []  # They name the outputs there were.
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def compare(path: Path, profile: str, samples: int, real: Float32 | None) -> dict[str, object]:
    """Run both on the same codes and count the codes that differ.

    The samples of a network with states are one sequence of calls, for both.
    """
    graph = import_tflite(path, profile)
    codes = inputs_of(graph, samples, real)
    reference = Reference(path.read_bytes(), profile)
    # What an operator of the file takes several nodes for has tensors that are not in the file.
    results = Executor(graph).run(codes, [name for name in graph.tensors if reference.has(name)])
    compared = different = 0
    count = len(next(iter(codes.values())))
    for sample in track(range(count), f"{path.stem}, {profile}: {count} samples"):
        tensor = reference.run({name: each[sample : sample + 1] for name, each in codes.items()})
        for name, values in results.items():
            expected = tensor(name).reshape(values.shape[1:])
            compared += expected.size
            different += int(np.count_nonzero(values[sample] != expected))
    return {
        "network": path.stem,
        "profile": profile,
        "samples": count,
        "tensors": len(results),
        "codes": compared,
        "different": different,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="*", help=".tflite networks")
    parser.add_argument("--profile", choices=PROFILES, action="append", help="by default all")
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--real", type=Path, help="a recording of float32 features")
    arguments = parser.parse_args()
    models = arguments.models or sorted(Path(os.environ["BITTRUE_MODELS"]).glob("*.tflite"))
    real = None if arguments.real is None else np.fromfile(arguments.real, "<f4")
    rows = [
        compare(path, profile, arguments.samples, real)
        for path in models
        for profile in arguments.profile or PROFILES
    ]
    table = Table(title="golden model against the runtimes of its profiles", title_justify="left")
    for heading in rows[0]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()))
    Console().print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=1))
    return int(any(row["different"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
