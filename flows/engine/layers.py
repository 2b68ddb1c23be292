"""What the engine computes, one tensor after the other: before it is cut into tiles."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.places import View
from bittrue.golden.engine.instruction import Operation
from bittrue.golden.engine.record import Records
from bittrue.golden.numbers.arrays import Int64


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer(ABC):
    """A step of the network.

    Parameters
    ----------
    name : str
        Tensor that it makes.
    title : str
        What it does, in a few words.
    target : View
    """

    name: str
    title: str
    target: View

    @property
    def products(self) -> int:
        """Products of the network that it does; zero for all but matrices."""
        return 0

    @property
    @abstractmethod
    def sources(self) -> tuple[View, ...]:
        """What it reads."""


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How a window moves; see `golden.engine.instruction.Windowed`.

    Parameters
    ----------
    kernel, stride, dilation : (int, int)
    first : (int, int)
        Row and column of the first tap of the first output; negative in the border.
    pad : int
        Code of the border.
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    first: tuple[int, int] = (0, 0)
    pad: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixLayer(Layer):
    """Products with weights.

    Parameters
    ----------
    source : View
    geometry : Geometry
    weight : ndarray of int64, shape (outputs, kernel rows, columns, input channels / groups)
        The integers that multiply stored codes.
    groups : int
    records : Records
        One for each output channel; biases are those of stored codes.
    counted : bool
        Whether its products are the network's own, not moves of codes or sums.
    """

    source: View
    geometry: Geometry
    weight: Int64
    groups: int
    records: Records
    counted: bool = True

    @property
    def products(self) -> int:
        """See `Layer.products`."""
        return self.weight.size * self.target.height * self.target.width if self.counted else 0

    @property
    def sources(self) -> tuple[View, ...]:
        """See `Layer.sources`."""
        return (self.source,)


@dataclass(frozen=True, eq=False, kw_only=True)
class PoolLayer(Layer):
    """The greatest code of each window."""

    source: View
    geometry: Geometry
    minimum: int
    maximum: int

    @property
    def sources(self) -> tuple[View, ...]:
        """See `Layer.sources`."""
        return (self.source,)


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorLayer(Layer):
    """Functions of codes, and of pairs of them.

    Parameters
    ----------
    a : View
    b : View, optional
        Of the same shape, or of one pixel.
    tables : tuple of ndarray of int64, shape (256,)
        For each operand; empty where codes are compared.
    records : Records, optional
        One for each channel, or one for all.
    """

    operation: Operation
    a: View
    b: View | None = None
    tables: tuple[NDArray[np.int64], ...] = ()
    records: Records | None = None

    @property
    def sources(self) -> tuple[View, ...]:
        """See `Layer.sources`."""
        return (self.a,) if self.b is None else (self.a, self.b)


@dataclass(frozen=True, eq=False, kw_only=True)
class RowLayer(Layer):
    """Softmax or the greatest channel of each pixel.

    Parameters
    ----------
    source : View
    exponential : ndarray of int64, shape (256,), optional
        Of softmax; without it, the greatest channel is found.
    """

    source: View
    exponential: NDArray[np.int64] | None = None

    @property
    def sources(self) -> tuple[View, ...]:
        """See `Layer.sources`."""
        return (self.source,)
