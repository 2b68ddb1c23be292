"""What every way to multiply weights and inputs says of itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import C, Cat, Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.bitserial_spec import plane_order
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


@dataclass(frozen=True)
class Digits:
    """What weights and codes are cut into, where one digit of each is multiplied at a time.

        weight * code = sum over m, k of code_digit[m] * weight_digit[k] * 2**(width * (m + k))

    The top digit of a signed operand is signed, all others are not.

    Parameters
    ----------
    weights, codes : int
        Digits of a weight and of a code.
    width : int
        Bits of a digit; of no interest where there is one of each.
    """

    weights: int = 1
    codes: int = 1
    width: int = 0

    @property
    def passes(self) -> tuple[tuple[int, int], ...]:
        """Digits of code and weight, from 0, of each pass through a frame, by falling weight."""
        return tuple(plane_order(self.codes, self.weights))


@dataclass(frozen=True)
class Tops:
    """Whether the digits of a beat are the top ones of their operands, one bit each."""

    weight: Value
    code: Value


WHOLE = Tops(C(1), C(1))
"""Operands that are not cut."""


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

    def digits(self, operands: Operands) -> Digits:
        """Return what operands are cut into; by default they are multiplied as a whole."""
        return Digits()

    def word_bits(self, operands: Operands) -> int:
        """Return the bits of a weight that are read at a time, those of a digit."""
        digits = self.digits(operands)
        return digits.width if digits.weights > 1 else self.weight_type(operands).width

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
        tops: Tops = WHOLE,
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
            Bits of the weights' codes, or of a digit of each, by output and lane.
        codes : sequence of Value
            Bits of the inputs, or of a digit of each, by lane.
        tops : Tops
            Which digits they are.
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


class PlainMultiplier(Multiplier):
    """A multiplier whose weights stand for themselves, in up to as many bits as a code can have."""

    def check(self, operands: Operands) -> None:
        """Refuse weights that have more bits than a code can have."""
        if operands.weight.width > MAXIMUM_CODE_WIDTH:
            raise UserError(
                f"weights are {operands.weight}; {self.name} multiplies up to "
                f"{MAXIMUM_CODE_WIDTH} bits"
            )

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return the type of the weights themselves."""
        return operands.weight
