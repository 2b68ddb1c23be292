"""What elementwise nodes ask of their operands."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import Node, require_code
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.numbers.quantization import Encoding


def clamped(
    node: Node, tensor: Tensor, shape: tuple[int, ...], minimum: int, maximum: int
) -> Tensor:
    """Return a node's output of given shape whose codes are the input's, limited to a range."""
    require_code(minimum, tensor, "minimum")
    require_code(maximum, tensor, "maximum")
    if minimum > maximum:
        raise UserError(f"minimum is {minimum}, above maximum, {maximum}")
    low, high = (min(max(end, minimum), maximum) for end in (tensor.minimum, tensor.maximum))
    return Tensor(node.output, shape, tensor.type, low, high)


def check_operand(tensor: Tensor, encoding: Encoding) -> None:
    """Check that a tensor can be an operand with an encoding."""
    if tensor.type.width > MAXIMUM_CODE_WIDTH:
        raise UserError(
            f"its input {tensor.name!r} is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits; "
            "requantize it first"
        )
    encoding.check(tensor.type, f"input {tensor.name!r}")


def broadcast(inputs: tuple[Tensor, ...]) -> tuple[int, ...]:
    """Return the shape that operands have together."""
    try:
        return np.broadcast_shapes(*(tensor.shape for tensor in inputs))
    except ValueError:
        shapes = " and ".join(str(tensor.shape) for tensor in inputs)
        raise UserError(f"its inputs have shapes {shapes}, which do not broadcast") from None
