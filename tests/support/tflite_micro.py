"""Runs .tflite models on TensorFlow Lite Micro's reference kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro import runtime

_ARENA_BYTES = 1 << 21


class MicroInterpreter:
    """A model made ready, with every tensor kept."""

    def __init__(self, model: bytes) -> None:
        self._interpreter = runtime.Interpreter.from_bytes(
            model,
            arena_size=_ARENA_BYTES,
            intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
        )

    def run(self, inputs: list[NDArray[Any]]) -> None:
        """Compute one sample."""
        for index, values in enumerate(inputs):
            self._interpreter.set_input(values, index)
        self._interpreter.invoke()

    def tensor(self, index: int) -> NDArray[Any]:
        """Return a tensor by its index in the file."""
        return np.array(self._interpreter.GetTensor(index, 0)["tensor_data"])
