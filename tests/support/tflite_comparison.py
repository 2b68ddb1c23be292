"""Imported .tflite networks compared with the runtimes that their profiles name."""

from typing import Any

import numpy as np
import tflite
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.graph import Graph
from tests.support.litert import Kernels
from tests.support.tflite_fixtures import (
    FIXTURES,
    LITERT,
    MICRO,
    XNNPACK,
)
from tests.support.tflite_micro import MicroInterpreter

Codes = dict[str, NDArray[Any]]


def inputs_of(graph: Graph, samples: int, seed: int = 0) -> Codes:
    """Return codes for every input: random, but the first sample runs through all codes."""
    generator = np.random.default_rng(seed)
    inputs = {}
    for tensor in graph.inputs:
        codes = generator.integers(tensor.minimum, tensor.maximum + 1, (samples, *tensor.shape))
        codes[0] = np.linspace(tensor.minimum, tensor.maximum, tensor.elements).reshape(
            tensor.shape
        )
        dtype = f"{'int' if tensor.type.signed else 'uint'}{tensor.type.width}"
        inputs[tensor.name] = codes.astype(dtype)
    return inputs


def index_by_name(subgraph: tflite.SubGraph) -> dict[str, int]:
    """Return the number of each tensor by the name that an imported graph has for it.

    Names may be missing or repeat in a file; the graph's have the tensor's number then.
    """
    numbers: dict[str, int] = {}
    for index in range(subgraph.TensorsLength()):
        name = subgraph.Tensors(index).Name().decode() or f"tensor {index}"
        numbers[f"{name}#{index}" if name in numbers else name] = index
    return numbers


class Runtime:
    """The runtime of a profile, with every tensor it lets see."""

    def __init__(self, model: bytes, profile: str) -> None:
        subgraph = tflite.Model.GetRootAs(model, 0).Subgraphs(0)
        self._index = index_by_name(subgraph)
        self._inputs = subgraph.InputsAsNumpy().tolist()
        self._shapes = [tuple(subgraph.Tensors(i).ShapeAsNumpy()) for i in self._inputs]
        outputs = {subgraph.Tensors(index).Name().decode() for index in subgraph.OutputsAsNumpy()}
        self.visible = outputs if profile == XNNPACK else set(self._index)
        self._run: Any
        if profile == MICRO:
            micro = MicroInterpreter(model)
            self._run, self._tensor = micro.run, micro.tensor
            return
        interpreter = Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=(
                Kernels.XNNPACK if profile == XNNPACK else Kernels.REFERENCE
            ).value,
            experimental_preserve_all_tensors=profile == LITERT,
        )
        interpreter.allocate_tensors()

        def run(values: list[NDArray[Any]]) -> None:
            for index, array in zip(self._inputs, values, strict=True):
                interpreter.set_tensor(index, array)
            interpreter.invoke()

        self._run, self._tensor = run, interpreter.get_tensor

    def run(self, inputs: Codes, names: list[str]) -> Codes:
        """Return tensors of one sample after another."""
        arrays = list(inputs.values())
        results: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
        for sample in range(len(arrays[0])):
            pairs = zip(arrays, self._shapes, strict=True)
            self._run([array[sample].reshape(shape) for array, shape in pairs])
            for name in names:
                results[name].append(np.array(self._tensor(self._index[name])))
        return {name: np.concatenate(tensors) for name, tensors in results.items()}


def in_order_of_the_file(graph: Graph, name: str, codes: NDArray[Any]) -> NDArray[Any]:
    """Return codes of a tensor with the dimensions that the file gives it."""
    layout = graph.layouts.get(name, range(codes.ndim - 1))
    return codes.transpose(0, *(axis + 1 for axis in layout))


def assert_equal(model: bytes, profile: str, samples: int, seed: int = 0) -> Graph:
    """Compare every tensor that the runtime shows."""
    graph = convert_tflite(model, profile)
    runtime = Runtime(model, profile)
    names = [name for name in graph.tensors if name in runtime.visible]
    assert set(graph.outputs) <= set(names)
    inputs = inputs_of(graph, samples, seed)
    given = {name: in_order_of_the_file(graph, name, codes) for name, codes in inputs.items()}
    expected, result = runtime.run(given, names), Executor(graph).run(inputs, names)
    result = {name: in_order_of_the_file(graph, name, codes) for name, codes in result.items()}
    for name in names:
        # A tensor without dimensions but the batch has none at all in some files.
        wanted = expected[name].reshape(result[name].shape)
        assert np.array_equal(result[name], wanted), name
    return graph


CASES = [(title, profile) for title, f in FIXTURES.items() for profile in f.profiles]
