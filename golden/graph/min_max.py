"""The lesser or the greater of two codes."""

from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node
from bittrue.golden.graph.operands import broadcast, check_operand
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding


@dataclass(frozen=True, eq=False, kw_only=True)
class MinMax(Node):
    """The lesser, or the greater, of the codes of two tensors of one type, element by element.

        output = max(a, b)  or  min(a, b);  shapes broadcast as in numpy

    Parameters
    ----------
    greatest : bool
        Whether the greater one is taken.
    """

    greatest: bool

    repeats_operands: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return "max" if self.greatest else "min"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != 2 or inputs[0].type != inputs[1].type:
            kinds = " and ".join(str(tensor.type) for tensor in inputs)
            raise UserError(f"its inputs are {kinds}; allowed: two of one type")
        for tensor in inputs:
            check_operand(tensor, Encoding())
        one, other = inputs
        chosen = max if self.greatest else min
        reach = chosen(one.minimum, other.minimum), chosen(one.maximum, other.maximum)
        return Inference(Tensor(self.output, broadcast(inputs), one.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "MinMax | None":
        """See `Node.drawn`."""
        other = draw.operand(x)
        if x.type != other.type:
            return None
        greatest = bool(draw.random.integers(2))
        return cls(inputs=(x.name, other.name), output=draw.name(), greatest=greatest)
