"""Systolic arrays: operand types, size and data flow."""

from dataclasses import dataclass
from enum import Enum

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import (
    accumulator_for,
    check_at_least_one,
    check_length,
    check_operand,
)

MAXIMUM_SIDE = 64
MAXIMUM_DEPTH = 1024


class Dataflow(Enum):
    """What stays in the processing elements.

    ``OUTPUT_STATIONARY``: the sum of one result, while `a` passes from the left and `b` from
    above. ``WEIGHT_STATIONARY``: one value of `b`, while rows of `a` pass from the left and sums
    move down; sums over more rows of `b` than the array has are kept below it.
    """

    OUTPUT_STATIONARY = "output"
    WEIGHT_STATIONARY = "weight"


@dataclass(frozen=True)
class SystolicSpec:
    """Parameters of a systolic array; golden, circuit and tests share one object.

    Parameters
    ----------
    a, b : IntegerType
        Operands of 2 to 16 bits, each signed or unsigned.
    rows, columns : int
        Processing elements, 1 to 64 each.
    length : int
        Most products of a sum, K of the matrix product.
    dataflow : Dataflow
        What stays in the elements.
    depth : int
        With `Dataflow.WEIGHT_STATIONARY`: rows of `a` whose sums are kept at once, 1 to 1024.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    a: IntegerType = IntegerType(8, True)
    b: IntegerType = IntegerType(8, True)
    rows: int = 4
    columns: int = 4
    length: int = 1024
    dataflow: Dataflow = Dataflow.OUTPUT_STATIONARY
    depth: int = 64

    def __post_init__(self) -> None:
        check_operand("a", self.a)
        check_operand("b", self.b)
        check_at_least_one(length=self.length)
        check_length(self.length, self.a, self.b)
        for name, value, most in (
            ("rows", self.rows, MAXIMUM_SIDE),
            ("columns", self.columns, MAXIMUM_SIDE),
            ("depth", self.depth, MAXIMUM_DEPTH),
        ):
            if not 1 <= value <= most:
                raise UserError(f"{name} is {value!r}; allowed: 1 to {most}")

    @property
    def sum_type(self) -> IntegerType:
        """Narrowest type that holds every sum."""
        return accumulator_for(self.a, self.b, self.length)
