"""Any function of a code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor, frozen_codes
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


@dataclass(frozen=True, eq=False, kw_only=True)
class Table(Node):
    """Any function of a code, by look-up: sigmoid, tanh, hard-swish, a change of scale.

        output = values[code - lowest code of the input's type]

    Parameters
    ----------
    values : ndarray of integers, shape (2**input width,)
        Output codes in ascending order of the input code.
    type : IntegerType
        Type of the output codes, 1 to 16 bits.
    """

    values: NDArray[np.integer]
    type: IntegerType

    def __post_init__(self) -> None:
        if self.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(f"type is {self.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
        object.__setattr__(self, "values", frozen_codes(self.values, self.type, "values"))

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"table of {len(self.values)}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if tensor.type.width > MAXIMUM_CODE_WIDTH or self.values.shape != (1 << tensor.type.width,):
            raise UserError(
                f"values has shape {self.values.shape}; allowed: one for each code of its input, "
                f"which is {tensor.type}"
            )
        offset = tensor.type.minimum
        reached = self.values[tensor.minimum - offset : tensor.maximum - offset + 1]
        reach = int(reached.min()), int(reached.max())
        return Inference(Tensor(self.output, tensor.shape, self.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Table":
        """See `Node.drawn`."""
        kind = draw.code_type()
        values = draw.random.integers(kind.minimum, kind.maximum + 1, 1 << x.type.width)
        return cls(inputs=(x.name,), output=draw.name(), values=values, type=kind)
