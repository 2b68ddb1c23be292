"""Products of a long and a wide operand in two multipliers of 25 x 18 bits, and logic."""

from amaranth.hdl import Value

from bittrue.hdl.blocks.adder_tree import add_at
from bittrue.hdl.blocks.booth import lut_dot_product, lut_dot_product_latency
from bittrue.hdl.blocks.multiply import (
    CHUNK_WIDTH,
    MULTIPLIER_LATENCY,
    MULTIPLY_LATENCY,
    multiplier,
)
from bittrue.hdl.blocks.pipeline import Stages

LONG_WIDTH = 25
"""Signed bits of the longer operand of a DSP48E1."""


def long_multiply(pipeline: Stages, name: str, a: Value, b: Value, addend: Value) -> Value:
    """Multiply, and add, in as many multipliers of 25 x 18 bits as `b` has chunks of 17 bits.

        a * b + addend = (a >> k) * b[:17] * 2**k + (a >> k) * b[17:] * 2**(17 + k)
                         + a[:k] * b + addend

    The low `k` bits of `a`, beyond 25, are multiplied in rows of tables. `MULTIPLY_LATENCY` cycles,
    one product per cycle, as `hdl.blocks.multiply.multiply`.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go.
    name : str
        Prefix of the registers' names.
    a : Value
        Signed, 26 to 32 bits.
    b : Value
        Unsigned, 18 to 34 bits.
    addend : Value
        Signed; must be valid two cycles after the operands.

    Returns
    -------
    Value
        The exact sum.
    """
    low = len(a) - LONG_WIDTH
    high = a[low:].as_signed()
    first = multiplier(pipeline, f"{name}_first", high, b[:CHUNK_WIDTH])
    second = multiplier(pipeline, f"{name}_second", high, b[CHUNK_WIDTH:])
    rows = lut_dot_product(pipeline, f"{name}_rows", [b], [a[:low]])
    joined = MULTIPLIER_LATENCY + 1
    early = lut_dot_product_latency(b.shape(), a[:low].shape(), 1)
    rows = pipeline.register(f"{name}_low", rows, joined - early)
    begun = pipeline.register(f"{name}_begun", add_at(addend, first, low))
    second = pipeline.register(f"{name}_high", second, joined - MULTIPLIER_LATENCY)
    total = pipeline.register(name, add_at(begun + rows, second, low + CHUNK_WIDTH))
    assert joined + 1 == MULTIPLY_LATENCY
    return total
