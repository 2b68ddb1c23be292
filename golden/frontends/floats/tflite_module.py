"""A float .tflite file as a torch module, whose images are channels first."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded
from bittrue.golden.frontends import tflite
from bittrue.golden.frontends.floats import tflite_operators
from bittrue.golden.frontends.floats.tflite_call import COMPUTES, TfliteCall
from bittrue.golden.frontends.obstacles import Obstacles
from bittrue.golden.frontends.tflite.model import Operator, TensorInfo, read_model

_REGISTERED = (
    tflite,
    tflite_operators,
)  # Which enter options of operators, and what computes them.

_TYPES = {
    "FLOAT16": np.float16,
    "FLOAT32": np.float32,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
}


def tflite_module(path: Path) -> nn.Module:
    """Return a module that computes what a float .tflite file says.

    Weights of half precision, and of 8 bits beside real activations, are what they stand for.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UserError
        Naming the file, and all operators that no function of torch computes here.
    """
    try:
        return TfliteModule(read_bounded(path))
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


class TfliteModule(nn.Module):
    """Computes the operators of a model one after another.

    Parameters
    ----------
    content : bytes
        Of the file.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._model = model = read_model(content)
        for index in (*model.inputs, *model.outputs):
            if model.tensors[index].type_name != "FLOAT32":
                raise UserError(
                    f"its {model.tensors[index]} is {model.tensors[index].type_name}; allowed: "
                    "FLOAT32; bittrue build and run take quantized networks as they are"
                )
        self._constants = {
            index: _numbers(tensor)
            for index, tensor in enumerate(model.tensors)
            if tensor.data is not None
        }
        self._operators = self._computed()
        self._names: dict[int, str] = {}
        read = {index for each in self._operators for index in each.inputs}
        for index, values in self._constants.items():
            if index in read and values.dtype.kind == "f":
                self._names[index] = f"constant_{index}"
                self.register_buffer(self._names[index], torch.from_numpy(values.copy()))

    def _computed(self) -> list[Operator]:
        """Take in dequantized constants, and return the other operators."""
        left, obstacles = [], Obstacles()
        for each in self._model.operators:
            made = [self._model.tensors[index].name for index in each.outputs]
            with obstacles.at(each.name, self._model.name_of(each), makes=made):
                if each.name == "DEQUANTIZE" and each.inputs[0] in self._constants:
                    self._constants[each.outputs[0]] = self._constants[each.inputs[0]]
                elif each.name not in COMPUTES:
                    raise UserError("it is not supported in floating point")
                else:
                    left.append(each)
        obstacles.refuse()
        return left

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Compute the model's outputs of its inputs, images channels first."""
        tensors = dict(zip(self._model.inputs, inputs, strict=True))
        weights = {index: self.get_buffer(name) for index, name in self._names.items()}
        for each in self._operators:
            call = TfliteCall(each, self._model, tensors, self._constants, weights)
            try:
                made = COMPUTES[each.name](call)
            except UserError as error:
                raise UserError(f"{self._model.name_of(each)}: {error}") from error
            results = (made,) if isinstance(made, Tensor) else made
            tensors |= dict(zip(each.outputs, results, strict=True))
        outputs = tuple(tensors[index] for index in self._model.outputs)
        return outputs if len(outputs) > 1 else outputs[0]


def _numbers(tensor: TensorInfo) -> NDArray[Any]:
    """Return a constant in the file's order: real numbers in float32, integers as they are."""
    if tensor.sparse or tensor.type_name not in _TYPES:
        raise UserError(f"{tensor} is {tensor.type_name}, or sparse; allowed: {', '.join(_TYPES)}")
    assert tensor.data is not None
    kind = np.dtype(_TYPES[tensor.type_name]).newbyteorder("<")
    if len(tensor.data) != kind.itemsize * int(np.prod(tensor.shape)):
        raise UserError(f"{tensor} has {len(tensor.data)} bytes for shape {tensor.shape}")
    values = np.frombuffer(tensor.data, kind).reshape(tensor.shape)
    if kind.kind == "f":
        return values.astype(np.float32)
    if tensor.quantized:
        along = [1] * values.ndim
        if tensor.scale.size > 1:
            along[tensor.axis] = tensor.scale.size
        scale, zero_point = tensor.scale.reshape(along), tensor.zero_point.reshape(along)
        return ((values.astype(np.int64) - zero_point) * scale).astype(np.float32)
    return values
