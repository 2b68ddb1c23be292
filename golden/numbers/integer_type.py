"""Integer types: a width in bits and a signedness."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError


@dataclass(frozen=True)
class IntegerType:
    """A two's complement (or unsigned) integer of a given width.

    Parameters
    ----------
    width : int
        Bits, 1 to 64.
    signed : bool
        Two's complement when true.

    Raises
    ------
    UserError
        If the width is out of range.
    """

    width: int
    signed: bool

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 64:
            raise UserError(f"width is {self.width!r}; allowed: 1 to 64 bits")

    @property
    def minimum(self) -> int:
        """Smallest representable value."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest representable value."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1

    def __contains__(self, value: int) -> bool:
        return self.minimum <= value <= self.maximum

    def fits(self, other: "IntegerType") -> bool:
        """Return whether `other` holds every value of this type."""
        return self.minimum in other and self.maximum in other

    def __str__(self) -> str:
        return f"{'int' if self.signed else 'uint'}{self.width}"

    @classmethod
    def parse(cls, text: str) -> "IntegerType":
        """Read a name such as ``int8`` or ``uint4``.

        Raises
        ------
        UserError
            If the text is not ``int`` or ``uint`` followed by a width.
        """
        for prefix, signed in (("uint", False), ("int", True)):
            digits = text.removeprefix(prefix)
            if digits != text and digits.isascii() and digits.isdigit():
                return cls(int(digits), signed)
        raise UserError(f"{text!r} is not an integer type; write it as int8 or uint4")

    @classmethod
    def spanning(cls, minimum: int, maximum: int) -> "IntegerType":
        """Return the narrowest type that holds every integer of [minimum, maximum].

        The type is signed exactly when `minimum` is negative.
        """
        if minimum < 0:
            return cls(max((-minimum - 1).bit_length(), max(maximum, 0).bit_length()) + 1, True)
        return cls(max(maximum.bit_length(), 1), False)
