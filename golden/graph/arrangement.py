"""Nodes that move codes and change none: reshape, broadcast, concat, pad, constant."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph.node import Inference, Node, only_input, require_code
from golden.graph.tensor import MAXIMUM_CODE_WIDTH, Tensor, frozen_codes
from golden.numbers.integer_type import IntegerType


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Node):
    """The same codes in the same order under another shape: reshape, flatten, squeeze.

    A transpose that only moves dimensions of size 1 is one too.

    Parameters
    ----------
    shape : tuple of int
        Without the batch dimension.
    """

    shape: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if math.prod(self.shape) != tensor.elements:
            raise UserError(
                f"shape is {self.shape}; it must hold the {tensor.elements} elements of "
                f"{tensor.shape}"
            )
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, self.shape, tensor.type, *reach))


@dataclass(frozen=True, eq=False, kw_only=True)
class Broadcast(Node):
    """The same codes, repeated along dimensions of size 1 and new ones in front, as numpy does.

    Parameters
    ----------
    shape : tuple of int
        Without the batch dimension.
    """

    shape: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        missing = len(self.shape) - len(tensor.shape)
        behind = zip(tensor.shape, self.shape[max(missing, 0) :], strict=False)
        if missing < 0 or any(size not in (1, wanted) for size, wanted in behind):
            raise UserError(f"shape is {self.shape}, to which {tensor.shape} does not broadcast")
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, self.shape, tensor.type, *reach))


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Node):
    """Tensors of one type joined along a dimension.

    Parameters
    ----------
    axis : int
        Dimension, from 0, not counting the batch.
    """

    axis: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if not inputs:
            raise UserError("it has no inputs; allowed: one or more")
        first, axis = inputs[0], self.axis
        if not 0 <= axis < len(first.shape):
            raise UserError(f"axis is {axis}; allowed: a dimension of {first.shape}, from 0")
        for tensor in inputs:
            if (
                tensor.type != first.type
                or len(tensor.shape) != len(first.shape)
                or tensor.shape[:axis] != first.shape[:axis]
                or tensor.shape[axis + 1 :] != first.shape[axis + 1 :]
            ):
                raise UserError(
                    f"its inputs are {first.type} {first.shape} and {tensor.type} {tensor.shape}; "
                    f"they must have one type and agree in all dimensions but {axis}"
                )
        total = sum(tensor.shape[axis] for tensor in inputs)
        shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
        low = min(tensor.minimum for tensor in inputs)
        high = max(tensor.maximum for tensor in inputs)
        return Inference(Tensor(self.output, shape, first.type, low, high))


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Node):
    """A border of one code around a tensor.

    Parameters
    ----------
    padding : tuple of (int, int)
        Elements before and after, for each dimension but the batch.
    code : int
        A code of the input's type.
    """

    padding: tuple[tuple[int, int], ...]
    code: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if len(self.padding) != len(tensor.shape) or min(sum(self.padding, (0,))) < 0:
            raise UserError(
                f"padding is {self.padding}; allowed: two sizes, not negative, for each dimension "
                f"of {tensor.shape}"
            )
        require_code(self.code, tensor, "code")
        shape = tuple(
            size + before + after
            for size, (before, after) in zip(tensor.shape, self.padding, strict=True)
        )
        low, high = min(tensor.minimum, self.code), max(tensor.maximum, self.code)
        return Inference(Tensor(self.output, shape, tensor.type, low, high))


@dataclass(frozen=True, eq=False, kw_only=True)
class Constant(Node):
    """Codes that do not depend on the input: a constant operand of an addition, say.

    Parameters
    ----------
    values : ndarray of integers
        Without a batch dimension; the same for every sample.
    type : IntegerType
        Type of the codes, 1 to 16 bits.
    """

    values: NDArray[np.integer]
    type: IntegerType

    def __post_init__(self) -> None:
        if self.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(f"type is {self.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
        object.__setattr__(self, "values", frozen_codes(self.values, self.type, "values"))

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if inputs:
            raise UserError(f"it has {len(inputs)} inputs; allowed: none")
        if not self.values.size:
            raise UserError("values is empty; allowed: one element or more")
        reach = int(self.values.min()), int(self.values.max())
        return Inference(Tensor(self.output, self.values.shape, self.type, *reach))
