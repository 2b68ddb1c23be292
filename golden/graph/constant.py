"""Codes that do not depend on the input."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import Inference, Node
from bittrue.golden.graph.tensor import Tensor, frozen_codes
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


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
