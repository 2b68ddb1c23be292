"""Tensors of integer codes, and what a code stands for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_ACCUMULATOR_WIDTH

MAXIMUM_ELEMENTS = 1 << 27
"""Elements of one tensor of one sample; a file asking for more is refused before any is made."""


@dataclass(frozen=True)
class Tensor:
    """The codes that flow along one edge of a graph, for one sample.

    Parameters
    ----------
    name : str
        Unique in its graph.
    shape : tuple of int
        Without the batch dimension, channels last: (height, width, channels) for an image.
    type : IntegerType
        Type of the codes: 1 to 16 bits, up to 32 where a requantization takes or makes them, or up
        to 48 for an accumulator nothing requantizes.
    minimum, maximum : int
        Codes that occur, inclusive.

    Raises
    ------
    UserError
        If a size is not positive, the tensor is too large, or the range is not within the type.
    """

    name: str
    shape: tuple[int, ...]
    type: IntegerType
    minimum: int
    maximum: int

    @classmethod
    def of_type(cls, name: str, shape: tuple[int, ...], kind: IntegerType) -> "Tensor":
        """Return a tensor in which every code of its type may occur."""
        return cls(name, shape, kind, kind.minimum, kind.maximum)

    def __post_init__(self) -> None:
        if not self.name:
            raise UserError("a tensor has an empty name; every tensor needs one")
        if any(size < 1 for size in self.shape) or math.prod(self.shape) > MAXIMUM_ELEMENTS:
            raise UserError(
                f"tensor {self.name!r} has shape {self.shape}; sizes are at least 1 and a tensor "
                f"has at most {MAXIMUM_ELEMENTS} elements"
            )
        if self.type.width > MAXIMUM_ACCUMULATOR_WIDTH:
            raise UserError(
                f"tensor {self.name!r} is {self.type}; allowed: up to "
                f"{MAXIMUM_ACCUMULATOR_WIDTH} bits"
            )
        if not self.type.minimum <= self.minimum <= self.maximum <= self.type.maximum:
            raise UserError(
                f"tensor {self.name!r} holds {self.minimum} to {self.maximum}; allowed: an "
                f"ascending range of {self.type}"
            )

    @property
    def channels(self) -> int:
        """Size of the last dimension; 1 for a scalar."""
        return self.shape[-1] if self.shape else 1

    @property
    def elements(self) -> int:
        """Number of codes of one sample."""
        return math.prod(self.shape)

    @property
    def bits(self) -> int:
        """Bits of one sample."""
        return self.elements * self.type.width


def storage_dtype(kind: IntegerType) -> np.dtype:
    """Return the smallest numpy type that holds every integer of a type."""
    size = next(bits for bits in (8, 16, 32, 64) if kind.width <= bits)
    return np.dtype(f"{'int' if kind.signed else 'uint'}{size}")


def frozen_codes(values: ArrayLike, kind: IntegerType, what: str) -> NDArray[np.integer]:
    """Return a read-only copy of codes in the smallest numpy type that holds them.

    Raises
    ------
    UserError
        Starting with `what`, if an element is not an integer of the type.
    """
    array = np.asarray(values)
    if array.dtype == object:
        try:
            array = exact_integers(array)
        except TypeError as error:
            raise UserError(f"{what} has elements that are no integers: {error}") from None
    if array.dtype.kind not in "iuO":
        raise UserError(f"{what} has elements of type {array.dtype}; allowed: integers")
    if array.size:
        low, high = int(array.min()), int(array.max())
        if low not in kind or high not in kind:
            raise UserError(f"{what} spans {low} to {high}; allowed: {kind}")
    copy = array.astype(storage_dtype(kind), copy=True, order="C")
    copy.setflags(write=False)
    return copy
