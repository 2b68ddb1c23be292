"""What a network keeps from one call to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.graph.tensor import Tensor, frozen_codes
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


@dataclass(frozen=True, eq=False)
class State:
    """Codes that a network keeps from one call to the next.

        tensor at call k = assigned at call k - 1,  initial at call 0

    Parameters
    ----------
    name : str
        Unique among the states of a graph; also what messages call it.
    tensor : Tensor
        What nodes read: 1 to 16 bits, every code that the state can hold.
    assigned : str
        The tensor of the graph that the state becomes at the end of a call, of the same shape and
        type.
    initial : ndarray of integers, shape `tensor.shape`
        Codes at the beginning of a sequence of calls.

    Raises
    ------
    UserError
        If the initial codes are no codes of the tensor.
    """

    name: str
    tensor: Tensor
    assigned: str
    initial: NDArray[np.integer]

    def __post_init__(self) -> None:
        tensor, what = self.tensor, f"state {self.name!r}"
        if tensor.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(f"{what} is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
        initial = frozen_codes(self.initial, tensor.type, f"initial of {what}")
        if initial.shape != tensor.shape:
            raise UserError(f"initial of {what} has shape {initial.shape}; allowed: {tensor.shape}")
        low, high = int(initial.min()), int(initial.max())
        if low < tensor.minimum or high > tensor.maximum:
            raise UserError(
                f"initial of {what} spans {low} to {high}; allowed: {tensor.minimum} to "
                f"{tensor.maximum}"
            )
        object.__setattr__(self, "initial", initial)

    def check_assigned(self, assigned: Tensor) -> None:
        """Refuse a tensor that the state cannot become.

        Raises
        ------
        UserError
            Naming both.
        """
        tensor = self.tensor
        if (assigned.shape, assigned.type) != (tensor.shape, tensor.type):
            raise UserError(
                f"state {self.name!r} is {tensor.type} of shape {tensor.shape}, and is assigned "
                f"{assigned.name!r}, {assigned.type} of shape {assigned.shape}; they must be equal"
            )
        if assigned.minimum < tensor.minimum or assigned.maximum > tensor.maximum:
            raise UserError(
                f"state {self.name!r} holds {tensor.minimum} to {tensor.maximum}, and is assigned "
                f"{assigned.name!r}, {assigned.minimum} to {assigned.maximum}; the state must hold "
                "all of it"
            )
