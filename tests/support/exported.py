"""Exported models, run by ONNX Runtime in the order of dimensions of their graphs."""

from typing import Any

from numpy.typing import NDArray

from bittrue.flows.fuzzing.reference import run_session
from bittrue.golden.graph import Graph
from tests.support.onnx_builder import session


def run(content: bytes, graph: Graph, inputs: dict[str, NDArray[Any]], optimized: bool) -> Any:
    """Run an exported model on inputs in the graph's order of dimensions; return outputs in it."""
    return run_session(session(content, optimized), graph, inputs)
