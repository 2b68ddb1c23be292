"""Compare exported networks in ONNX Runtime with the graphs they were made from.

    python -m tests.sweeps.export [SAMPLES]

compares the digits network on all its test images, the official models when they are beside
the checkout (or in BITTRUE_MODELS) on random inputs, 1000 by default, in every profile and style,
and 300 random graphs of every node, width and rounding.
"""

import sys
from collections.abc import Iterator

import numpy as np

from bittrue.flows.fuzzing.random_graphs import RandomGraph
from bittrue.golden.digits import quantized_digits
from bittrue.golden.digits.data import load
from bittrue.golden.digits.files import GRAPH_FILE
from bittrue.golden.executor.execute import Executor
from bittrue.golden.export import STYLES, export_onnx
from bittrue.golden.frontends.tflite import PROFILES, import_tflite
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.graph import Graph, file
from tests.support.exported import run
from tests.support.graphs import codes_of
from tests.support.models import MODELS
from tests.support.paths import ROOT

DIGITS = ROOT / "sim_build" / "digits"


def networks(samples: int) -> Iterator[tuple[str, Graph, dict[str, np.ndarray]]]:
    graph = file.load(quantized_digits(DIGITS).directory / GRAPH_FILE)
    yield "digits, test images", graph, to_codes(graph, load()[1].images)
    for path in sorted(MODELS.glob("*.tflite")):
        for profile in PROFILES:
            graph = import_tflite(path, profile)
            inputs = {tensor.name: codes_of(tensor, samples) for tensor in graph.inputs}
            yield f"{path.stem}, {profile}", graph, inputs


RANDOM = 300


def compare_random() -> int:
    """Print and return how many codes of random graphs differ."""
    different = compared = 0
    for seed in range(RANDOM):
        graph = RandomGraph(seed).build(8)
        inputs = {tensor.name: codes_of(tensor, 4, seed) for tensor in graph.inputs}
        results = run(export_onnx(graph).content, graph, inputs, optimized=bool(seed % 2))
        for name, codes in Executor(graph).run(inputs).items():
            compared += codes.size
            different += int((results[name] != codes).sum())
    print(f"{RANDOM} random graphs: {different} of {compared} codes differ")
    return different


def main(samples: int) -> int:
    different = compare_random()
    for title, graph, inputs in networks(samples):
        expected = Executor(graph).run(inputs)
        for style in STYLES:
            exported = export_onnx(graph, style)
            results = run(exported.content, graph, inputs, optimized=True)
            wrong = sum(int((results[name] != expected[name]).sum()) for name in expected)
            different += wrong
            codes = sum(values.size for values in expected.values())
            count = len(next(iter(inputs.values())))
            layers = f"{len(exported.qdq)} layers QDQ, {len(exported.exact)} integer"
            print(f"{title}, {style} ({layers}), {count} inputs: {wrong} of {codes} codes differ")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
