"""Graphs as ONNX models, executed by ONNX Runtime."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import ExecutionError
from bittrue.golden.export import export_onnx
from bittrue.golden.graph import Graph, storage_dtype


def reference_codes(
    graph: Graph, inputs: Mapping[str, NDArray[Any]], optimized: bool
) -> dict[str, NDArray[Any]]:
    """Return what ONNX Runtime makes of a graph's inputs, by output.

    Parameters
    ----------
    graph : Graph
    inputs : mapping of str to ndarray of integers, shape (samples, ...)
    optimized : bool
        Whether its graph optimizations are on.

    Raises
    ------
    UserError
        If ONNX cannot say what the graph computes.
    ExecutionError
        If ONNX Runtime is missing.
    """
    content = export_onnx(graph).content
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise ExecutionError(
            "onnxruntime is missing; get it by: pip install bittrue[test]"
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    runner = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    return run_session(runner, graph, inputs)


def run_session(
    runner: Any, graph: Graph, inputs: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Run a session of an exported graph; inputs and outputs in the graph's order of dimensions."""
    feeds = {}
    for info, tensor in zip(runner.get_inputs(), graph.inputs, strict=True):
        layout = graph.layouts.get(tensor.name, tuple(range(len(tensor.shape))))
        codes = inputs[tensor.name].transpose(0, *(axis + 1 for axis in layout))
        feeds[info.name] = codes.astype(storage_dtype(tensor.type))
    results = {}
    for name, values in zip(graph.outputs, runner.run(list(graph.outputs), feeds), strict=True):
        layout = graph.layouts.get(name, tuple(range(values.ndim - 1)))
        results[name] = np.moveaxis(values, range(1, values.ndim), [a + 1 for a in layout])
    return results
