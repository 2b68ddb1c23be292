"""Several narrow products in one wide hardware multiplier, exactly.

    (sum of a[i] * 2**(stride * i)) * (sum of b[j] * 2**(stride * a_count * j))
        = sum of a[i] * b[j] * 2**(stride * (i + a_count * j))

Every product has a field of `stride` bits of the wide product. Fields of signed products borrow
from the fields above; adding a constant that makes each of them non-negative ends that, and the
fields are then cut out. As long as all values of a field are fewer than ``2**stride`` this is
exact, also for a chain of multipliers whose wide products are added before they are taken apart.
"""

from dataclasses import dataclass
from itertools import product as every

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import Multiplier, product_range

MAXIMUM_CHAIN = 8
"""Multipliers whose wide products are added: each more delays its operands by a cycle more."""


@dataclass(frozen=True)
class Ports:
    """Operand ports of a hardware multiplier.

    Parameters
    ----------
    widths : tuple of int
        Bits of the two ports.
    unsigned : bool
        Whether a port takes unsigned numbers of its full width, too.
    """

    widths: tuple[int, int]
    unsigned: bool

    def take(self, first: range, second: range) -> bool:
        """Tell whether operands of these values fit the ports, either way round."""
        one, other = self.widths
        return (self._fits(first, one) and self._fits(second, other)) or (
            self._fits(first, other) and self._fits(second, one)
        )

    def _fits(self, values: range, width: int) -> bool:
        low, high = values[0], values[-1]
        signed = low >= -(1 << (width - 1)) and high < 1 << (width - 1)
        return signed or (self.unsigned and low >= 0 and high < 1 << width)


PORTS = {
    Multiplier.PACKED_DSP48E1: Ports((25, 18), unsigned=False),
    Multiplier.PACKED_MULT18X18D: Ports((18, 18), unsigned=True),
}


@dataclass(frozen=True)
class Packing:
    """How products share a hardware multiplier.

    Attributes
    ----------
    a, b : IntegerType
        Of the narrow operands.
    a_count, b_count : int
        Narrow operands in each wide one; their product is the number of products.
    stride : int
        Bits of a field.
    chain : int
        Multipliers whose wide products are added before the fields are cut out.
    offset : int
        Added to the wide `b` operand so that it fits its port, 0 or a power of two; the multiple
        of the wide `a` operand that this brings is subtracted from the wide product.
    """

    a: IntegerType
    b: IntegerType
    a_count: int
    b_count: int
    stride: int
    chain: int
    offset: int = 0

    @property
    def products(self) -> int:
        """Narrow products of one multiplier."""
        return self.a_count * self.b_count

    @property
    def bias(self) -> int:
        """What is added to each field: half its range where signed sums fit, else the least."""
        low, high = (self.chain * bound for bound in product_range(self.a, self.b))
        half = 1 << (self.stride - 1)
        if low >= 0:
            return 0
        return half if -half <= low and high < half else -low

    @property
    def wide_bias(self) -> int:
        """The constant that adds `bias` to every field."""
        return sum(self.bias << (self.stride * field) for field in range(self.products))

    def wide_a(self) -> range:
        """Return all values between the extremes of the wide `a` operand."""
        return _span(self.a, self.a_count, self.stride)

    def wide_b(self) -> range:
        """Return all values between the extremes of the wide `b` operand."""
        values = _span(self.b, self.b_count, self.stride * self.a_count)
        return range(values.start + self.offset, values.stop + self.offset)


def find_packing(
    multiplier: Multiplier,
    a: IntegerType,
    b: IntegerType,
    rows: int,
    columns: int,
    lanes: int,
) -> Packing:
    """Return the packing with most products to a multiplier, among these the longest chain.

    Parameters
    ----------
    multiplier : Multiplier
        One of the packed kinds.
    a, b : IntegerType
        Operands.
    rows, columns : int
        Vectors of `a` and of `b` that are multiplied with each other.
    lanes : int
        Products of each sum that are available at once.

    Returns
    -------
    Packing
        Of a single product where no more fit.
    """
    counts = sorted(
        every(range(1, rows + 1), range(1, columns + 1)), key=lambda pair: -pair[0] * pair[1]
    )
    # Operands of at most 16 bits fit every port alone, so there is always a packing of one.
    return next(
        packing
        for a_count, b_count in counts
        for chain in range(min(lanes, MAXIMUM_CHAIN), 0, -1)
        if (packing := _fit(PORTS[multiplier], a, b, a_count, b_count, chain))
    )


def _fit(
    ports: Ports, a: IntegerType, b: IntegerType, a_count: int, b_count: int, chain: int
) -> Packing | None:
    low, high = product_range(a, b)
    narrowest = (chain * (high - low)).bit_length()
    candidates = [
        Packing(a, b, a_count, b_count, stride, chain) for stride in (narrowest + 1, narrowest)
    ]
    if chain == 1 and b_count > 1:
        step = narrowest * a_count
        candidates += [
            Packing(a, b, a_count, b_count, narrowest, chain, 1 << bit)
            for bit in reversed(range(step * b_count))
        ]
    for packing in candidates:
        if ports.take(packing.wide_a(), packing.wide_b()):
            return packing
    return None


def _span(kind: IntegerType, count: int, step: int) -> range:
    ones = sum(1 << (step * k) for k in range(count))
    return range(kind.minimum * ones, kind.maximum * ones + 1)
