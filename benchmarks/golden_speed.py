"""Speed of the golden model's batched execution, beside LiteRT with XNNPACK in the same run.

    python benchmarks/golden_speed.py MODEL.tflite ... [--samples N] [--repeats N]

For each network: seconds to import it, milliseconds a sample for the golden model (reference
arithmetic, one thread and all) and for LiteRT with XNNPACK (one thread, one sample and a batch at
a time), and the most memory that execution added, over the bytes of the network's tensors. Medians
of repeats that take turns, so that a busy machine slows all alike.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from golden.execute import Executor
from golden.graph import Graph, storage_dtype
from golden.tflite_import import import_tflite

Codes = NDArray[np.int8]

REPORT = Path("sim_build/golden_speed.json")
LITERT_BATCH = 32


def litert(path: Path, batch: int) -> Callable[[Codes], None]:
    """Return LiteRT with XNNPACK on one thread, ready for batches of a size."""
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    (source,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(source["index"], (batch, *source["shape"][1:]))
    interpreter.allocate_tensors()

    def run(codes: Codes) -> None:
        for first in range(0, len(codes) - batch + 1, batch):
            interpreter.set_tensor(source["index"], codes[first : first + batch])
            interpreter.invoke()

    return run


def seconds(run: Callable[[Codes], object], codes: Codes) -> float:
    start = time.perf_counter()
    run(codes)
    return time.perf_counter() - start


def on_threads(executor: Executor, threads: int) -> Callable[[Codes], object]:
    def run(codes: Codes) -> object:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return executor.run(codes)
        finally:
            torch.set_num_threads(before)

    return run


def tensor_bytes(graph: Graph, samples: int) -> int:
    """Return the bytes of all tensors of so many samples."""
    return samples * sum(
        tensor.elements * storage_dtype(tensor.type).itemsize for tensor in graph.tensors.values()
    )


def added_memory(executor: Executor, codes: Codes) -> int:
    """Return the peak of what execution of every tensor adds to this process."""
    names = list(executor.graph.tensors)
    executor.run(codes[:1], names)
    before = _resident()
    peak = 0
    results = executor.run(codes, names)
    peak = max(peak, _resident(peak=True) - before)
    assert len(results) == len(names)
    return peak


def _resident(peak: bool = False) -> int:
    """Return the resident bytes of this process, now or at most."""
    key = "VmHWM:" if peak else "VmRSS:"
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
    codes = np.random.default_rng(0).integers(
        tensor.minimum, tensor.maximum + 1, (samples, *tensor.shape), dtype=np.int8
    )
    threads = torch.get_num_threads()
    runs: dict[str, Callable[[Codes], object]] = {
        "golden, 1 thread": on_threads(executor, 1),
        f"golden, {threads} threads": on_threads(executor, threads),
        "XNNPACK": litert(path, 1),
        "XNNPACK, batch": litert(path, LITERT_BATCH),
    }
    for run in runs.values():
        run(codes[:LITERT_BATCH])
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in track(range(repeats), path.stem):
        for name, run in runs.items():
            times[name].append(seconds(run, codes))
    medians = {name: 1e3 * statistics.median(values) / samples for name, values in times.items()}
    best = min(medians["XNNPACK"], medians["XNNPACK, batch"])
    memory = added_memory(executor, codes[:256]) / tensor_bytes(graph, min(samples, 256))
    return {
        "network": path.stem,
        "import s": round(import_seconds, 3),
        **{f"{name} ms": round(value, 4) for name, value in medians.items()},
        "speed, 1 thread": round(best / medians["golden, 1 thread"], 2),
        f"speed, {threads} threads": round(best / medians[f"golden, {threads} threads"], 2),
        "memory": round(memory, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", help=".tflite networks with one input")
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    rows = [measure(path, arguments.samples, arguments.repeats) for path in arguments.models]
    table = Table(title="golden model and LiteRT with XNNPACK", title_justify="left")
    for heading in rows[0]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
