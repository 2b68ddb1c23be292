"""The variables of a file, while its operators are converted in their order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.frontends.tflite.model import Variable
from bittrue.golden.graph import State, Tensor
from bittrue.golden.numbers.quantization import QuantType


@dataclass(frozen=True, eq=False)
class Initial:
    """What a variable holds before the first call.

    Parameters
    ----------
    codes : ndarray of integers
        Without the batch.
    affine : QuantType
        What they mean.
    """

    codes: NDArray[np.integer]
    affine: QuantType


@dataclass(frozen=True, eq=False)
class Held:
    """What a variable holds at a place of a call.

    Parameters
    ----------
    tensor : str
        Of the graph.
    affine : QuantType
        What its codes mean.
    """

    tensor: str
    affine: QuantType


class Variables:
    """What is known of every variable so far.

    Attributes
    ----------
    initial : dict of Variable to Initial
        Of those that were initialised.
    held : dict of Variable to Held
        Of those that were read or assigned in this call.
    read : dict of Variable to Tensor
        What a call begins with, of those that were read before they were assigned.
    """

    def __init__(self) -> None:
        self.initial: dict[Variable, Initial] = {}
        self.held: dict[Variable, Held] = {}
        self.read: dict[Variable, Tensor] = {}

    def states(self) -> tuple[State, ...]:
        """Return the states of the graph: a variable that no call begins with is none."""
        names = [variable.name for variable in self.read]
        return tuple(
            State(
                name=variable.name if names.count(variable.name) == 1 else "/".join(variable),
                tensor=tensor,
                assigned=self.held[variable].tensor,
                initial=self.initial[variable].codes,
            )
            for variable, tensor in self.read.items()
        )
