"""Speed of the golden model's batched execution, beside LiteRT with XNNPACK in the same run.

    python -m benchmarks.golden_speed [MODEL.tflite ...] [--threads N]

Without models, those in the folder that the environment variable BITTRUE_MODELS names. For each:
microseconds a sample, one sample at a time and batched, and ours as a multiple of theirs (1 or more
is at least as fast); seconds to import it; and the most memory that execution adds while every
tensor is kept, over the bytes of those tensors. LiteRT runs on one thread, and so does the golden
model unless asked otherwise. The runs take turns and the best of each counts, because a busy
machine only ever adds time.
"""

import argparse
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from llvmlite import binding
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import import_tflite
from bittrue.golden.graph import Graph, Tensor, storage_dtype

Codes = NDArray[np.int8]

REPORT = Path("sim_build/golden_speed.json")
LITERT_BATCH = 32  # Larger ones are no faster, as XNNPACK works on one row of pixels at a time.
SINGLE_SAMPLES = 64
MEMORY_SAMPLES = 512


def processor() -> str:
    """Return the processor's kind, and which of the instructions for integer products it has."""
    features = binding.get_host_cpu_features()
    known = ("avx2", "avx512bw", "avxvnni", "avx512vnni", "amx-int8", "dotprod", "i8mm")
    having = [name for name in known if features.get(name)]
    return f"{binding.get_host_cpu_name()} ({', '.join(having) or 'none of ' + ', '.join(known)})"


def random_codes(tensor: Tensor, samples: int) -> Codes:
    return np.random.default_rng(0).integers(
        tensor.minimum, tensor.maximum + 1, (samples, *tensor.shape), dtype=np.int8
    )


def litert(path: Path, batch: int) -> Callable[[Codes], None]:
    """Return LiteRT with XNNPACK on one thread, ready for batches of a size."""
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    (source,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(source["index"], (batch, *source["shape"][1:]))
    interpreter.allocate_tensors()

    def run(codes: Codes) -> None:
        for first in range(0, len(codes), batch):
            interpreter.set_tensor(source["index"], codes[first : first + batch])
            interpreter.invoke()

    return run


def one_by_one(executor: Executor) -> Callable[[Codes], None]:
    def run(codes: Codes) -> None:
        for sample in range(len(codes)):
            executor.run(codes[sample : sample + 1])

    return run


def memory_ratio(path: Path) -> float:
    """Return the bytes that keeping every tensor adds at most, over those of the tensors."""
    graph = import_tflite(path)
    executor = Executor(graph)
    (tensor,) = graph.inputs
    codes = random_codes(tensor, MEMORY_SAMPLES)
    executor.run(codes[:1], list(graph.tensors))  # What is loaded once does not count.
    before = _resident("VmRSS:")
    executor.run(codes, list(graph.tensors))
    return (_resident("VmHWM:") - before) / tensor_bytes(graph, MEMORY_SAMPLES)


def tensor_bytes(graph: Graph, samples: int) -> int:
    """Return the bytes of all tensors of so many samples."""
    return samples * sum(
        tensor.elements * storage_dtype(tensor.type).itemsize for tensor in graph.tensors.values()
    )


def _resident(key: str) -> int:
    """Return the resident bytes of this process, now (VmRSS:) or at most (VmHWM:)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {key} in /proc/self/status")


def measure(path: Path, samples: int, repeats: int) -> dict[str, object]:
    import_tflite(path)  # What is loaded once does not count.
    start = time.perf_counter()
    graph = import_tflite(path)
    import_seconds = time.perf_counter() - start
    executor = Executor(graph)
    (tensor,) = graph.inputs
    codes = random_codes(tensor, math.ceil(samples / LITERT_BATCH) * LITERT_BATCH)
    few = codes[:SINGLE_SAMPLES]
    runs: dict[str, tuple[Callable[[Codes], object], Codes]] = {
        "golden single": (one_by_one(executor), few),
        "XNNPACK single": (litert(path, 1), few),
        "golden batch": (executor.run, codes),
        "XNNPACK batch": (litert(path, LITERT_BATCH), codes),
    }
    best = dict.fromkeys(runs, math.inf)
    for _ in track(range(repeats + 1), path.stem):  # The first is slowest, and so never counts.
        for name, (run, chosen) in runs.items():
            start = time.perf_counter()
            run(chosen)
            best[name] = min(best[name], (time.perf_counter() - start) / len(chosen))
    # In a process of its own, whose peak is that of this network.
    with multiprocessing.get_context("spawn").Pool(1) as process:
        memory = process.apply(memory_ratio, (path,))
    return {
        "network": path.stem,
        "processor": processor(),
        **{f"{name} us": round(1e6 * value, 1) for name, value in best.items()},
        "speed single": round(best["XNNPACK single"] / best["golden single"], 2),
        "speed batch": round(best["XNNPACK batch"] / best["golden batch"], 2),
        "import s": round(import_seconds, 3),
        "memory": round(memory, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="*", help=".tflite networks with one int8 input")
    parser.add_argument("--samples", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="of the golden model")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("BITTRUE_MODELS", "."))
    models = arguments.models or sorted(folder.glob("*.tflite"))
    if not models:
        parser.error("no .tflite files; name them, or their folder in BITTRUE_MODELS")
    torch.set_num_threads(arguments.threads)
    rows = [measure(path, arguments.samples, arguments.repeats) for path in models]
    table = Table(
        title=f"golden model and LiteRT with XNNPACK on {processor()}", title_justify="left"
    )
    table.add_column("")
    for row in rows:
        table.add_column(str(row["network"]), justify="right")
    for key in list(rows[0])[2:]:
        table.add_row(key, *(str(row[key]) for row in rows))
    Console().print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
