"""Sums of products whose rows are added in carry chains, a table for each bit of a row.

A row is what a product adds at one position. Adding it to a running sum takes a table and a bit of
a carry chain for each bit, as long as the bit of the row is a function of five others at most: the
sixth input of the table is the running sum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import C, Value

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.adder_tree import add_term, adder_tree, adder_tree_latency
from bittrue.hdl.blocks.pipeline import Stages

CHAIN_LENGTH = 3
"""Rows added one after the other, a cycle each: shorter chains need more adders to join them,
longer ones longer delays of their operands, which synthesis makes from tables as well."""

ROW_INPUTS = 5
"""Operand bits that fit one table beside a bit of the running sum."""


@dataclass(frozen=True)
class Row:
    """One term of a sum: ``bits + carry - bias``, at least `minimum` and at most `maximum`."""

    bits: Value
    carry: Value
    bias: int
    minimum: int
    maximum: int


RowsOf = Callable[[Stages, str, Value, Value], list[Row]]
"""Makes the rows of a product of two operands, lowest position first; always as many."""


def sum_of_products(
    pipeline: Stages,
    name: str,
    a: Sequence[Value],
    b: Sequence[Value],
    rows_of: RowsOf,
    step: int,
) -> Value:
    """Return ``sum of a[k] * b[k]``.

    All rows of one position, over all products, are added before the positions are: the adders are
    no wider than they must be, and as many carry inputs are free as negative rows need. A row's
    sign bit is inverted instead of extended, which adds a constant; the constants are where the
    chains of rows begin.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `row_chains_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    a, b : sequence of Value
        As many of one as of the other.
    rows_of : callable
        Makes the rows of a product.
    step : int
        Bits by which a position weighs more than the one before.
    """
    chains: list[list[Value]] = []
    for first in range(0, len(a), CHAIN_LENGTH):
        rows = []
        for place, lane in enumerate(range(first, min(first + CHAIN_LENGTH, len(a)))):
            # A row meets the running sum as many cycles later as rows come before it.
            one = pipeline.register(f"{name}_a{lane}", a[lane], place)
            other = pipeline.register(f"{name}_b{lane}", b[lane], place)
            rows.append(rows_of(pipeline, f"{name}_row{lane}", one, other))
        chains = chains or [[] for _ in rows[0]]
        for digit, chain in enumerate(zip(*rows, strict=True)):
            prefix = f"{name}_digit{digit}_{first}"
            total = _add_rows(pipeline, prefix, chain)
            shorter = min(CHAIN_LENGTH, len(a)) - len(chain)
            chains[digit].append(pipeline.register(f"{prefix}_late", total, shorter))
    digits = [
        adder_tree(pipeline, f"{name}_digit{digit}_sum", sums) for digit, sums in enumerate(chains)
    ]
    return adder_tree(pipeline, f"{name}_sum", digits, step=step)


def row_chains_latency(lanes: int, positions: int) -> int:
    """Return the cycles that `sum_of_products` takes for so many products of so many rows."""
    chains = -(-lanes // CHAIN_LENGTH)
    joining = adder_tree_latency(chains) + adder_tree_latency(positions)
    return min(CHAIN_LENGTH, lanes) + joining


def signed_row(magnitude: Value, negative: Value, largest: int) -> Row:
    """Return the row of a number, or of its negative.

    Parameters
    ----------
    magnitude : Value
        The number, of whichever signedness.
    negative : Value
        One bit.
    largest : int
        No number is farther from zero.
    """
    width = len(magnitude) + (not magnitude.shape().signed)
    bits = magnitude.as_signed() if magnitude.shape().signed else magnitude
    turned = (bits ^ negative.replicate(width))[:width] ^ C(1 << (width - 1), width)
    return Row(turned, negative, bias=1 << (width - 1), minimum=-largest, maximum=largest)


def _add_rows(pipeline: Stages, name: str, rows: Sequence[Row]) -> Value:
    kind = IntegerType.spanning(sum(row.minimum for row in rows), sum(row.maximum for row in rows))
    start = -sum(row.bias for row in rows) % (1 << kind.width)
    total: Value = C(start, kind.width)
    for index, row in enumerate(rows):
        total = pipeline.register(f"{name}_{index}", add_term(total, row.bits, row.carry))
    return total.as_signed() if kind.signed else total
