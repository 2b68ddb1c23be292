"""Runs .tflite models on LiteRT, with each of its sets of kernels."""

from enum import Enum
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray


class Kernels(Enum):
    """Which implementation LiteRT computes with; they round differently."""

    REFERENCE = OpResolverType.BUILTIN_REF
    OPTIMIZED = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    XNNPACK = OpResolverType.BUILTIN


def run_litert(
    model: bytes, inputs: list[NDArray[Any]], kernels: Kernels, all_tensors: bool = False
) -> list[NDArray[Any]]:
    """Run a model once and return its outputs, or every tensor of it in the model's order.

    Inputs whose batch differs from the model's resize it.
    """
    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=kernels.value,
        experimental_preserve_all_tensors=all_tensors,
    )
    details = interpreter.get_input_details()
    for detail, values in zip(details, inputs, strict=True):
        if tuple(detail["shape"]) != values.shape:
            interpreter.resize_tensor_input(detail["index"], values.shape)
    interpreter.allocate_tensors()
    for detail, values in zip(details, inputs, strict=True):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    wanted = interpreter.get_tensor_details() if all_tensors else interpreter.get_output_details()
    return [np.array(interpreter.get_tensor(detail["index"])) for detail in wanted]
