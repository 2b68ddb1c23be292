"""What every way to multiply weights and inputs says of itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import C, Cat, Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.costs.costs import Costs, Count


@dataclass(frozen=True)
class Operands:
    """What is multiplied.

    Parameters
    ----------
    values : tuple of int
        Every weight that there is, ascending.
    code : IntegerType
        Of the input; the codes themselves are multiplied.
    bipolar : bool
        Whether the input's one bit stands for -1 or +1.
    """

    values: tuple[int, ...]
    code: IntegerType
    bipolar: bool = False

    @property
    def weight(self) -> IntegerType:
        """Narrowest type of the weights."""
        return IntegerType.spanning(self.values[0], self.values[-1])


class Multiplier(ABC):
    """A way to multiply the weights and inputs of a matrix layer, exactly.

    Weights are stored as codes of their own; where an output or an input does not exist, a weight
    of zero is stored. Objects of one class with equal parameters are equal.

    Attributes
    ----------
    counts_matches : bool
        Whether sums are numbers of equal bits, in place of sums of products of codes 0 and 1.
        Then every input must exist: there is no weight of zero.
    """

    counts_matches: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str:
        """As users call it."""

    @abstractmethod
    def check(self, operands: Operands) -> None:
        """Refuse operands that it does not multiply.

        Raises
        ------
        UserError
            Saying which it does.
        """

    def takes(self, operands: Operands) -> bool:
        """Return whether it multiplies these operands."""
        try:
            self.check(operands)
        except UserError:
            return False
        return True

    @abstractmethod
    def weight_type(self, operands: Operands) -> IntegerType:
        """Return the type of the codes that stand for weights."""

    def encoded(self, weights: Int64, operands: Operands) -> Int64:
        """Return the codes that stand for weights; by default the weights themselves."""
        return weights

    @abstractmethod
    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums, of so many products for so many outputs."""

    @abstractmethod
    def sums(
        self,
        pipeline: Stages,
        name: str,
        operands: Operands,
        weights: Sequence[Sequence[Value]],
        codes: Sequence[Value],
    ) -> list[Value]:
        """Return the sum of products of each output, `latency` cycles later.

        Parameters
        ----------
        pipeline : Stages
            Where the registers go.
        name : str
            Prefix of their names.
        operands : Operands
        weights : sequence of sequence of Value
            Bits of the weights' codes, by output and lane.
        codes : sequence of Value
            Bits of the inputs, by lane.
        """

    @abstractmethod
    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated.

        Parameters
        ----------
        operands : Operands
        groups, outputs, lanes : int or ndarray of int64
            Groups of outputs, outputs of all of them, products of each output.
        """


def typed(bits: Value, kind: IntegerType, width: int = 0) -> Value:
    """Return the integer of a type that bits stand for, extended to a width if it has less."""
    sign = bits[-1] if kind.signed else C(0, 1)
    wide = Cat(bits, sign.replicate(max(width - len(bits), 0)))
    return wide.as_signed() if kind.signed else wide
