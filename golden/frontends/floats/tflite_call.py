"""One operator of a float .tflite file where it is computed, and who computes which operators.

Images are channels first here, as torch has them, and channels last in the file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.computing import entering
from bittrue.golden.frontends.tflite.model import Operator, TensorInfo, TfliteModel

_CHANNELS_FIRST = (0, 2, 3, 1)
"""Where each dimension of an image of the file is here."""


@dataclass(frozen=True, eq=False)
class TfliteCall:
    """An operator, and what its inputs are.

    Parameters
    ----------
    operator : Operator
    model : TfliteModel
    tensors : mapping of int to Tensor
        What is computed from the inputs of the model, images channels first.
    constants : mapping of int to ndarray
        In the file's order.
    weights : mapping of int to Tensor
        Those of the constants that hold real numbers.
    """

    operator: Operator
    model: TfliteModel
    tensors: Mapping[int, Tensor]
    constants: Mapping[int, NDArray[Any]]
    weights: Mapping[int, Tensor]

    def has(self, place: int) -> bool:
        """Return whether an input is given."""
        return place < len(self.operator.inputs) and self.operator.inputs[place] >= 0

    def tensor(self, place: int = 0) -> Tensor:
        """Return an input that is computed."""
        index = self.operator.inputs[place]
        if index not in self.tensors:
            raise UserError(f"its input {place} is a constant; allowed: what depends on the input")
        return self.tensors[index]

    def weight(self, place: int) -> Tensor:
        """Return a constant of real numbers, in the file's order."""
        index = self.operator.inputs[place]
        if index not in self.weights:
            raise UserError(f"its input {place} is computed; allowed: a constant of real numbers")
        return self.weights[index]

    def bias(self, place: int) -> Tensor | None:
        """Return a constant that may be missing."""
        return self.weight(place) if self.has(place) else None

    def integers(self, place: int) -> NDArray[np.int64]:
        """Return a constant of integers."""
        index = self.operator.inputs[place]
        if index not in self.constants or self.constants[index].dtype.kind != "i":
            raise UserError(f"its input {place} is no constant of integers")
        return self.constants[index].astype(np.int64)

    def operand(self, place: int) -> Tensor | float:
        """Return an operand of arithmetic, a constant of one element as a number."""
        index = self.operator.inputs[place]
        if index in self.tensors:
            return self.tensors[index]
        values = self.weight(place)
        if values.numel() == 1:
            return float(self.constants[index].reshape(()))
        rank = len(self.output.shape)
        values = values.reshape((1,) * (rank - values.ndim) + tuple(values.shape))
        return channels_first(values)

    @property
    def output(self) -> TensorInfo:
        """What the file says of the output."""
        return self.model.tensors[self.operator.outputs[0]]

    @property
    def rank(self) -> int:
        """Dimensions of the first input."""
        return len(self.model.tensors[self.operator.inputs[0]].shape)

    def axes(self, axes: Sequence[int]) -> list[int]:
        """Return dimensions of the first input of the file as those here."""
        rank = self.rank
        counted = [int(axis) % rank for axis in axes]
        return [_CHANNELS_FIRST[axis] if rank == 4 else axis for axis in counted]

    def option(self, name: str, default: Any) -> Any:
        """Return a field of the operator's options."""
        return self.operator.options.get(name, default)

    def activated(self, values: Tensor) -> Tensor:
        """Return a result after the activation that is part of the operator."""
        match self.option("FusedActivationFunction", 0):
            case 0:
                return values
            case 1:
                return functional.relu(values)
            case 2:
                return values.clamp(-1, 1)
            case 3:
                return functional.relu6(values)
        raise UserError("its activation is none of RELU, RELU_N1_TO_1, RELU6; allowed: those")


def channels_first(values: Tensor) -> Tensor:
    """Return values of the file as torch has them."""
    return values.permute(0, 3, 1, 2) if values.ndim == 4 else values


def channels_last(values: Tensor) -> Tensor:
    """Return values as the file has them."""
    return values.permute(0, 2, 3, 1) if values.ndim == 4 else values


Compute = Callable[[TfliteCall], Tensor | tuple[Tensor, ...]]

COMPUTES: dict[str, Compute] = {}
"""By name of the operator."""

computes = entering(COMPUTES)


def evened(
    values: Tensor, size: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[Tensor, list[int]]:
    """Return an image with zeros where SAME needs more behind than before, and the padding."""
    before, behind = [], []
    for axis, length in enumerate(values.shape[2:]):
        reach = (size[axis] - 1) * dilations[axis] + 1
        total = max((-(-int(length) // strides[axis]) - 1) * strides[axis] + reach - int(length), 0)
        before.append(total // 2)
        behind.append(total - total // 2)
    if before == behind:
        return values, before
    return functional.pad(values, (before[1], behind[1], before[0], behind[0])), [0, 0]
