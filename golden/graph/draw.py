"""What random nodes are drawn with: numbers, and the graph that they are appended to."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.graph.window import Window
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import Encoding


class Draw(Protocol):
    """A random graph as far as it is there; `Node.drawn` makes its next node."""

    random: np.random.Generator

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors that are there, by name."""

    def images(self) -> list[Tensor]:
        """Return those that nodes are appended to: codes of up to 16 bits in three dimensions."""

    def name(self) -> str:
        """Return the name of the node that is drawn, and of its output."""

    def code_type(self) -> IntegerType:
        """Return a type of codes: 1 to 16 bits, signed or not."""

    def encoding(self, tensor: Tensor) -> Encoding:
        """Return an encoding of a tensor's codes."""

    def window(self, tensor: Tensor) -> Window:
        """Return a window over an image, with strides and borders."""

    def weights(self, *shape: int) -> tuple[NDArray[np.int64], IntegerType, Encoding]:
        """Return weights of a shape, their type and their encoding."""

    def limits(self, tensor: Tensor) -> tuple[int, int]:
        """Return limits among a tensor's codes, inclusive."""

    def operand(self, tensor: Tensor) -> Tensor:
        """Return a tensor that broadcasts with another: one like it, a constant, or itself."""
