"""What every node of a graph is, and what is derived from it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_ACCUMULATOR_WIDTH

OPERATORS: dict[str, type["Node"]] = {}
"""Every operator, by the name that files and messages give it; each class enters itself."""


@dataclass(frozen=True, eq=False)
class AccumulatorBounds:
    """What a node's accumulators can reach, from its weights and the range of its input.

    They hold after every partial sum that starts from the bias, in any order of the products and
    with any of them left out, as padding does.

    Parameters
    ----------
    minimum, maximum : ndarray of int64, shape (channels,) or (1,)
        Inclusive.
    """

    minimum: Int64
    maximum: Int64

    def __post_init__(self) -> None:
        for bound in (self.minimum, self.maximum):
            bound.setflags(write=False)
        if self.type.width > MAXIMUM_ACCUMULATOR_WIDTH:
            raise UserError(
                f"accumulators reach {self.minimum.min()} to {self.maximum.max()}, which takes "
                f"{self.type.width} bits; allowed: {MAXIMUM_ACCUMULATOR_WIDTH} bits"
            )

    @property
    def type(self) -> IntegerType:
        """Narrowest signed type of 2 bits or more, as requantizers take, for every accumulator."""
        low, high = int(self.minimum.min()), int(self.maximum.max())
        return IntegerType.spanning(min(low, -1), max(high, 1))


@dataclass(frozen=True, eq=False)
class Inference:
    """What a node makes of its inputs: its output tensor, and its accumulators if it has any."""

    tensor: Tensor
    accumulator: AccumulatorBounds | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Node(ABC):
    """One operator of a graph.

    Parameters
    ----------
    inputs : tuple of str
        Names of the tensors it reads.
    output : str
        Name of the tensor it makes, which also names the node.

    Notes
    -----
    A class of nodes enters itself into `OPERATORS`, unless it is made with ``abstract=True``: one
    that only holds what several operators share. What others ask of an operator is a property here,
    so that none of them has to know which operators there are.
    """

    inputs: tuple[str, ...]
    output: str

    changes_precision_only: ClassVar[bool] = False
    """Whether its codes stand for the values that it reads, at another scale or width."""
    repeats_operands: ClassVar[bool] = False
    """Whether it combines its operands element by element, repeating the smaller ones."""
    gives_indices: ClassVar[bool] = False
    """Whether its codes are places in a dimension that it reads, not numbers."""

    absent: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Why a floor has none of it, by the floor: ``tflite``, ``onnx``, ``torch``, ``circuit``."""

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if abstract:
            return
        name = cls.operator()
        if name in OPERATORS:
            raise TypeError(f"two operators are named {name!r}")
        OPERATORS[name] = cls

    @classmethod
    def operator(cls) -> str:
        """Return the operator as files and messages name it: ``fully_connected``."""
        letters = (f"_{c.lower()}" if c.isupper() else c for c in cls.__name__)
        return "".join(letters).removeprefix("_")

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Node | None":
        """Return a random node that reads a tensor, or none where there can be none.

        Random graphs, with which golden, circuits and file formats are compared, are made of them.

        Parameters
        ----------
        x : Tensor
            An image, shape (height, width, channels), of codes of up to 16 bits.
        draw : Draw
            Where random numbers, a name and further operands come from.
        """
        return None

    @property
    def title(self) -> str:
        """What the node does, in a few words for tables and drawings: ``conv 3x3 /2``."""
        return self.operator().replace("_", " ")

    def products(self, *inputs: Tensor) -> int:
        """Return how many products of activations are added up in each element of the output."""
        return 0

    @abstractmethod
    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output's shape, type and range, and check every attribute against them.

        Raises
        ------
        UserError
            Naming the attribute, its value and what is allowed.
        """


@dataclass(frozen=True, eq=False, kw_only=True)
class AccumulatingNode(Node, abstract=True):
    """A node that computes accumulators, and codes from them.

    Parameters
    ----------
    requantization : FixedPoint or Certified, optional
        Per channel of the output or one for all; None leaves the accumulators as they are.
    """

    requantization: Requantization | None = None

    def _requantized(self, shape: tuple[int, ...], minimum: Int64, maximum: Int64) -> Inference:
        """Return what becomes of accumulators within bounds of shape (channels,) or (1,)."""
        bounds = AccumulatorBounds(minimum, maximum)
        if self.requantization is None:
            reach = int(minimum.min()), int(maximum.max())
            return Inference(Tensor(self.output, shape, bounds.type, *reach), bounds)
        channels = shape[-1] if shape else 1
        if len(self.requantization) not in (1, channels):
            raise UserError(
                f"requantization has {len(self.requantization)} channels; allowed: 1 or "
                f"{channels}, the channels of the output"
            )
        self.requantization.check(minimum, maximum)
        tensor = Tensor(
            self.output,
            shape,
            self.requantization.output,
            # Not descending in the accumulator, so the ends of the range give the extreme codes.
            int(self.requantization.evaluate(minimum).min()),
            int(self.requantization.evaluate(maximum).max()),
        )
        return Inference(tensor, bounds)


def only_input(inputs: tuple[Tensor, ...]) -> Tensor:
    """Return the single input of a node that takes one."""
    if len(inputs) != 1:
        raise UserError(f"it has {len(inputs)} inputs; allowed: 1")
    return inputs[0]


def require_code(code: int, tensor: Tensor, what: str) -> None:
    """Refuse an integer that is no code of a tensor's type."""
    if code not in tensor.type:
        raise UserError(f"{what} is {code}; allowed: a code of {tensor.type}")
