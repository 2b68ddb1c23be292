"""Exported models, run by ONNX Runtime in the order of dimensions of their graphs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.graph import (
    Graph,
    storage_dtype,
)
from tests.support.onnx_builder import session


def run(content: bytes, graph: Graph, inputs: dict[str, NDArray[Any]], optimized: bool) -> Any:
    """Run an exported model on inputs in the graph's order of dimensions; return outputs in it."""
    runner = session(content, optimized)
    feeds = {}
    for info, tensor in zip(runner.get_inputs(), graph.inputs, strict=True):
        assert info.name == tensor.name
        layout = graph.layouts.get(tensor.name, tuple(range(len(tensor.shape))))
        codes = inputs[tensor.name].transpose(0, *(axis + 1 for axis in layout))
        feeds[info.name] = codes.astype(storage_dtype(tensor.type))
    results = {}
    for name, values in zip(graph.outputs, runner.run(list(graph.outputs), feeds), strict=True):
        layout = graph.layouts.get(name, tuple(range(values.ndim - 1)))
        results[name] = np.moveaxis(values, range(1, values.ndim), [a + 1 for a in layout])
    return results
