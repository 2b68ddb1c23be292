"""Networks run by qonnx, node by node."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from bittrue.golden.numbers.arrays import Float32


@contextmanager
def _models_that_onnxruntime_reads() -> Iterator[None]:
    """qonnx gives ONNX Runtime models of the onnx package's own version, which may be newer."""
    version = onnx.IR_VERSION
    onnx.IR_VERSION = 10  # type: ignore[assignment]
    try:
        yield
    finally:
        onnx.IR_VERSION = version


def run(model: onnx.ModelProto, samples: Float32) -> dict[str, NDArray[Any]]:
    """Return every tensor of a model with one input, for a batch that is run one by one."""
    with _models_that_onnxruntime_reads():
        wrapper = ModelWrapper(model).transform(InferShapes())
        name = wrapper.graph.input[0].name
        contexts = [
            execute_onnx(wrapper, {name: sample[None]}, return_full_exec_context=True)
            for sample in samples
        ]
    return {
        key: np.concatenate([np.asarray(context[key]) for context in contexts])
        for key, value in contexts[0].items()
        if np.ndim(value) and len(value) == 1
    }
