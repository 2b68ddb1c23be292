"""Nodes that compute each output code from the codes at the same place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.errors import UserError
from golden.graph.node import AccumulatingNode, Inference, Int64, Node, only_input, require_code
from golden.graph.tensor import (
    MAXIMUM_CODE_WIDTH,
    Encoding,
    Tensor,
    frozen_codes,
)
from golden.numbers.integer_type import IntegerType
from golden.numbers.requant_spec import MAXIMUM_MULTIPLIER_WIDTH


@dataclass(frozen=True)
class Addend:
    """How one operand of an addition becomes an integer on the common scale.

        half_away(half_up(value * multiplier / 2**half_up_shift) / 2**half_away_shift)

    negated after rounding when subtracted. With both shifts zero it is an exact product. TFLite's
    ``RDBPOT(SRDHM(value << left_shift, M), -e)`` is ``half_up_shift = 31 - left_shift`` and
    ``half_away_shift = -e``.

    Parameters
    ----------
    encoding : Encoding
        How the operand's codes become values.
    multiplier : int
        0 to 2**31 - 1.
    half_up_shift, half_away_shift : int
        0 to 31.
    subtract : bool
        Whether the result is subtracted.
    """

    encoding: Encoding = Encoding()
    multiplier: int = 1
    half_up_shift: int = 0
    half_away_shift: int = 0
    subtract: bool = False

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("multiplier", self.multiplier, (1 << MAXIMUM_MULTIPLIER_WIDTH) - 1),
            ("half_up_shift", self.half_up_shift, MAXIMUM_MULTIPLIER_WIDTH),
            ("half_away_shift", self.half_away_shift, MAXIMUM_MULTIPLIER_WIDTH),
        ):
            if not 0 <= value <= limit:
                raise UserError(f"{name} of an addend is {value}; allowed: 0 to {limit}")

    def evaluate(self, codes: ArrayLike) -> Int64:
        """Return the integers that codes of up to 16 bits add."""
        product = self.encoding.decode(codes) * self.multiplier
        first = (product + ((1 << self.half_up_shift) >> 1)) >> self.half_up_shift
        half = (1 << self.half_away_shift) >> 1
        magnitude = (np.abs(first) + half) >> self.half_away_shift
        return np.where((first < 0) != self.subtract, -magnitude, magnitude)


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(AccumulatingNode):
    """Sum or difference of tensors, each brought to a common scale first.

        accumulator = sum of addend(operand);  shapes broadcast as in numpy

    Parameters
    ----------
    addends : tuple of Addend
        One for each input.
    """

    addends: tuple[Addend, ...]

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != len(self.addends) or not inputs:
            raise UserError(f"it has {len(inputs)} inputs and {len(self.addends)} addends")
        low = high = np.zeros(1, dtype=np.int64)
        for tensor, addend in zip(inputs, self.addends, strict=True):
            _check_operand(tensor, addend.encoding)
            ends = addend.evaluate([tensor.minimum, tensor.maximum])
            low, high = low + ends.min(), high + ends.max()
        return self._requantized(_broadcast(inputs), low, high)


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(AccumulatingNode):
    """Product of two tensors, element by element.

        accumulator = value of a * value of b;  shapes broadcast as in numpy

    Parameters
    ----------
    encodings : (Encoding, Encoding)
        How the codes of each input become values.
    """

    encodings: tuple[Encoding, Encoding]

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != 2:
            raise UserError(f"it has {len(inputs)} inputs; allowed: 2")
        ends = []
        for tensor, encoding in zip(inputs, self.encodings, strict=True):
            _check_operand(tensor, encoding)
            ends.append(encoding.decode([tensor.minimum, tensor.maximum]))
        corners = np.outer(*ends).reshape(-1)
        low, high = corners.min(keepdims=True), corners.max(keepdims=True)
        return self._requantized(_broadcast(inputs), low, high)


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantize(AccumulatingNode):
    """Change of scale, zero point or width.

        accumulator = value of the code

    Parameters
    ----------
    encoding : Encoding
        How the input's codes become values.
    """

    encoding: Encoding

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        self.encoding.check(tensor.type, "the input")
        low, high = self.encoding.decode([[tensor.minimum], [tensor.maximum]])
        return self._requantized(tensor.shape, low, high)


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Clamp(Node):
    """Codes limited to a range: relu, relu6, clip.

    Parameters
    ----------
    minimum, maximum : int
        Codes of the input's type.
    """

    minimum: int
    maximum: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        return Inference(clamped(self, tensor, tensor.shape, self.minimum, self.maximum))


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


def _check_operand(tensor: Tensor, encoding: Encoding) -> None:
    if tensor.type.width > MAXIMUM_CODE_WIDTH:
        raise UserError(
            f"its input {tensor.name!r} is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits; "
            "requantize it first"
        )
    encoding.check(tensor.type, f"input {tensor.name!r}")


def _broadcast(inputs: tuple[Tensor, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(tensor.shape for tensor in inputs))
    except ValueError:
        shapes = " and ".join(str(tensor.shape) for tensor in inputs)
        raise UserError(f"its inputs have shapes {shapes}, which do not broadcast") from None
