"""Sums of many values, a pipeline stage for each level of the tree."""

from collections.abc import Sequence

from amaranth.hdl import C, Cat, Value

from bittrue.hdl.blocks.pipeline import Stages


def adder_tree_latency(count: int) -> int:
    """Return the cycles that `adder_tree` takes for so many values."""
    return (count - 1).bit_length()


def adder_tree(pipeline: Stages, name: str, values: Sequence[Value], step: int = 0) -> Value:
    """Add values in pairs, registering every level.

    ``sum of values[k] * 2**(step * k)``, exact: each addition is as wide as its operands require.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `adder_tree_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    values : sequence of Value
        At least one, any width and signedness.
    step : int
        Bits by which each value weighs more than the one before.

    Returns
    -------
    Value
        The sum; the value itself, not registered, when there is only one.
    """
    level = 0
    while len(values) > 1:
        sums = [
            add_at(values[k], values[k + 1], step << level) if k + 1 < len(values) else values[k]
            for k in range(0, len(values), 2)
        ]
        values = [pipeline.register(f"{name}_{level}_{k}", value) for k, value in enumerate(sums)]
        level += 1
    return values[0]


def add_at(low: Value, high: Value, offset: int) -> Value:
    """Return ``low + high * 2**offset`` without adding the bits of `low` below `offset`."""
    if not low.shape().signed and len(low) <= offset:
        upper = high
        kept = Cat(low, C(0, offset - len(low)))
    else:
        upper = (low >> offset) + high
        sign_extension = low[-1].replicate(max(offset - len(low), 0))
        kept = Cat(low, sign_extension)[:offset]
    total = Cat(kept, upper)
    return total.as_signed() if upper.shape().signed else total


def add_term(total: Value, term: Value, carry: Value) -> Value:
    """Return ``total + term + carry`` modulo the width of `total`, a table for each bit.

    In a carry chain one operand enters as it is and the other through a table, together with the
    logic that makes it. Synthesis is free to exchange the operands of an addition, and then makes
    `term` in tables of its own first. It does not exchange those of a subtraction, so the
    complement of `term` is subtracted; the borrow of the bit below undoes the carry this brings.

    Parameters
    ----------
    total : Value
        Comes from a register.
    term : Value
        Unsigned and no wider than `total`, made by logic.
    carry : Value
        One bit.
    """
    complement = Cat(~term, C(1).replicate(len(total) - len(term)))
    return (Cat(carry, total) - Cat(~carry, complement))[1 : len(total) + 1]
