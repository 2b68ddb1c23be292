"""Sums of products in look-up tables and carry chains alone.

The "one table per bit" row: adding ``digit * a`` to a running sum needs, for each bit, a function
of two bits of `a`, three bits of the Booth digit and the running sum's bit. That is one six-input
table, and the carry chain behind it does the rest, so a row costs as many tables as `a` has bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, C, Cat, Const, Value

from golden.integer_type import IntegerType
from hdl.adder_tree import adder_tree, adder_tree_latency
from hdl.pipeline import Pipeline
from hdl.shapes import type_of

CHAIN_LENGTH = 3
"""Rows that are added one after the other, a cycle each. A longer chain would need longer delays
of its operands, which cost tables; a shorter one more adders to join the chains."""

_TABLE_INPUTS = 5
"""Operand bits that fit one table beside a bit of the running sum."""


@dataclass(frozen=True)
class _Row:
    """A multiple of an operand: ``bits + carry - bias``, within `span`."""

    bits: Value
    carry: Value
    bias: int
    span: IntegerType


def lut_dot_product_latency(a: IntegerType, b: IntegerType, lanes: int) -> int:
    """Return the cycles that `lut_dot_product` takes."""
    chains = -(-lanes // CHAIN_LENGTH)
    digits = 1 if _fits_table(a, b) else min(_digit_count(a), _digit_count(b))
    return CHAIN_LENGTH + adder_tree_latency(chains) + adder_tree_latency(digits)
