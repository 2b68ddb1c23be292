"""Imported .onnx networks compared with ONNX Runtime, tensor by tensor."""

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph
from tests.support.onnx_builder import (
    session,
)
from tests.support.onnx_fixtures import BOTH, QDQ

Codes = dict[str, NDArray[Any]]


DTYPES = (np.int8, np.uint8)


CASES = [
    pytest.param(build, dtype, qoperator, id=f"{title}-{dtype.__name__}-{form}")
    for dtype in DTYPES
    for form, qoperator, builds in (
        ("qdq", False, {**BOTH, **QDQ}),
        ("qoperator", True, BOTH),
    )
    for title, build in builds.items()
]


def inputs_of(proto: onnx.ModelProto, graph: Graph, samples: int, seed: int = 0) -> Codes:
    """Return codes in the model's own layout; the first sample runs through all of them."""
    random = np.random.default_rng(seed)
    inputs = {}
    for info, tensor in zip(proto.graph.input, graph.inputs, strict=True):
        shape = tuple(size.dim_value for size in info.type.tensor_type.shape.dim)[1:]
        codes = random.integers(tensor.minimum, tensor.maximum + 1, (samples, *shape))
        codes[0] = np.linspace(tensor.minimum, tensor.maximum, tensor.elements).reshape(shape)
        inputs[info.name] = codes
    return inputs


def run_graph(graph: Graph, inputs: Codes) -> Codes:
    """Return every tensor in the model's own layout."""
    moved = {}
    for tensor, codes in zip(graph.inputs, inputs.values(), strict=True):
        layout = graph.layouts.get(tensor.name, tuple(range(len(tensor.shape))))
        moved[tensor.name] = np.moveaxis(codes, range(1, codes.ndim), [a + 1 for a in layout])
    results = Executor(graph).run(moved, list(graph.tensors))
    return {
        name: codes.transpose(0, *(a + 1 for a in graph.layouts.get(name, range(codes.ndim - 1))))
        for name, codes in results.items()
    }


def run_runtime(
    proto: onnx.ModelProto, graph: Graph, inputs: Codes, names: list[str], **options: bool
) -> Codes:
    """Return tensors that ONNX Runtime makes, the named ones exposed as outputs."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(proto)
    outputs = {output.name for output in exposed.graph.output}
    for name in names:
        if name not in outputs:
            exposed.graph.output.append(helper.make_empty_tensor_value_info(name))
    runner = session(exposed, **options)
    feeds = {}
    for info, tensor in zip(runner.get_inputs(), graph.inputs, strict=True):
        codes = inputs[info.name]
        if info.type == "tensor(float)":
            meaning = graph.quantization[tensor.name]
            real = meaning.encoding.decode(codes).astype(np.float32)
            feeds[info.name] = real * np.float32(float(meaning.scale))
        else:
            feeds[info.name] = codes.astype("int8" if info.type == "tensor(int8)" else "uint8")
    samples = len(next(iter(feeds.values())))
    results = [
        runner.run(names, {name: array[i : i + 1] for name, array in feeds.items()})
        for i in range(samples)
    ]
    return {
        name: np.concatenate([np.asarray(result[i]) for result in results])
        for i, name in enumerate(names)
    }


def assert_equal(proto: onnx.ModelProto, samples: int, seed: int = 0) -> Graph:
    """Compare every tensor that both have."""
    graph = convert_onnx(proto.SerializeToString(), "onnxruntime")
    inputs = inputs_of(proto, graph, samples, seed)
    made = {name for node in proto.graph.node for name in node.output}
    names = [name for name in graph.tensors if name in made]
    assert set(graph.outputs) <= set(names)
    expected, results = run_runtime(proto, graph, inputs, names), run_graph(graph, inputs)
    for name in names:
        result = results[name]
        if result.ndim == 4 and expected[name].ndim == 3:  # An image of width 1, within the graph.
            result = result[..., 0]
        assert np.array_equal(result, expected[name]), name
    return graph
