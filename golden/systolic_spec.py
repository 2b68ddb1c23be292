"""Systolic arrays: operand types and size."""

from dataclasses import dataclass

from golden.errors import UserError
from golden.integer_type import IntegerType
from golden.mac_spec import accumulator_for, check_at_least_one, check_operand

MAXIMUM_SIDE = 64


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

    def __post_init__(self) -> None:
        check_operand("a", self.a)
        check_operand("b", self.b)
        check_at_least_one(rows=self.rows, columns=self.columns, length=self.length)
        for name, value in (("rows", self.rows), ("columns", self.columns)):
            if value > MAXIMUM_SIDE:
                raise UserError(f"{name} is {value}; allowed: 1 to {MAXIMUM_SIDE}")

    @property
    def sum_type(self) -> IntegerType:
        """Narrowest type that holds every sum."""
        return accumulator_for(self.a, self.b, self.length)
