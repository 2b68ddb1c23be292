"""One operator of a float .onnx file where it is computed, and who computes which operators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.computing import entering
from bittrue.golden.frontends.onnx.model import Constant, OnnxNode


@dataclass(frozen=True, eq=False)
class OnnxCall:
    """An operator, and what its inputs are.

    Parameters
    ----------
    node : OnnxNode
    tensors : mapping of str to Tensor
        What is computed from the inputs of the model.
    constants : mapping of str to Constant
        What does not depend on their elements: weights, and what follows from shapes.
    weights : mapping of str to Tensor
        Those of the constants that hold real numbers.
    opset : int
    """

    node: OnnxNode
    tensors: Mapping[str, Tensor]
    constants: Mapping[str, Constant]
    weights: Mapping[str, Tensor]
    opset: int

    def has(self, place: int) -> bool:
        """Return whether an input is given."""
        return place < len(self.node.inputs) and self.node.inputs[place] != ""

    def is_constant(self, place: int) -> bool:
        """Return whether an input is a constant."""
        return self.node.inputs[place] in self.constants

    def tensor(self, place: int = 0) -> Tensor:
        """Return an input as a tensor, a constant or not."""
        if not self.has(place):
            raise UserError(f"its input {place} is missing")
        name = self.node.inputs[place]
        if name in self.tensors:
            return self.tensors[name]
        if name in self.weights:
            return self.weights[name]
        return torch.from_numpy(self.constants[name].values.copy()).to(torch.float32)

    @property
    def operands(self) -> list[Tensor]:
        """All inputs as tensors."""
        return [self.tensor(place) for place in range(len(self.node.inputs))]

    def integers(self, name: str, place: int | None = None) -> list[int] | None:
        """Return a list of integers that is an attribute, or a constant input; None for neither."""
        given = self.node.attributes.get(name)
        if given is not None:
            return [int(each) for each in given]
        if place is None or not self.has(place):
            return None
        return [int(each) for each in self._values(place)]

    def numbers(self, place: int) -> list[float] | None:
        """Return the elements of a constant input; None where it is not given."""
        return [float(each) for each in self._values(place)] if self.has(place) else None

    def _values(self, place: int) -> list[Any]:
        name = self.node.inputs[place]
        if name not in self.constants:
            raise UserError(
                f"its input {name!r} depends on the network's input; allowed: constants"
            )
        values: list[Any] = self.constants[name].values.reshape(-1).tolist()
        return values

    def attribute(self, name: str, default: Any) -> Any:
        """Return an attribute."""
        return self.node.attributes.get(name, default)


Compute = Callable[[OnnxCall], Tensor | tuple[Tensor, ...]]

COMPUTES: dict[str, Compute] = {}
"""By name of the operator, of ONNX's own domain."""

computes = entering(COMPUTES)
