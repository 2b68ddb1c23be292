"""Sums of products in look-up tables and carry chains alone.

The "one table per bit" row: adding ``digit * a`` to a running sum needs, for each bit, a function
of two bits of `a`, three bits of the Booth digit and the running sum's bit. That is one six-input
table, and the carry chain behind it does the rest, so a row costs as many tables as `a` has bits.
"""

from collections.abc import Sequence

from amaranth.hdl import C, Cat, Const, Shape, Signal, Value

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.row_chains import ROW_INPUTS, Row, row_chains_latency, sum_of_products
from bittrue.hdl.blocks.shapes import type_of


def lut_dot_product(pipeline: Stages, name: str, a: Sequence[Value], b: Sequence[Value]) -> Value:
    """Return ``sum of a[k] * b[k]`` without a hardware multiplier.

    Products of at most five operand bits are read from tables; wider ones are sums of radix-4
    Booth rows ``digit * a * 4**position`` with digits of -2 to 2; see `hdl.blocks.row_chains`.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `lut_dot_product_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    a, b : sequence of Value
        As many of one as of the other; all of `a` have one shape, and so have all of `b`.

    Returns
    -------
    Value
        The exact sum.
    """
    if _row_bits(b[0].shape(), a[0].shape()) < _row_bits(a[0].shape(), b[0].shape()):
        a, b = b, a
    return sum_of_products(pipeline, name, a, b, _rows, step=2)


def lut_dot_product_latency(a: Shape, b: Shape, lanes: int) -> int:
    """Return the cycles that `lut_dot_product` takes for so many products."""
    rows = _row_count(a, b) if _row_bits(a, b) <= _row_bits(b, a) else _row_count(b, a)
    return row_chains_latency(lanes, rows)


def lut_rows_bits(a: Shape, b: Shape) -> int:
    """Return the bits of all rows of a product, the measure of its cost."""
    return min(_row_bits(a, b), _row_bits(b, a))


def _fits_table(a: Shape, b: Shape) -> bool:
    return a.width + b.width <= ROW_INPUTS


def _row_count(a: Shape, b: Shape) -> int:
    """Rows of a product: Booth digits of `b`, whose unsigned values need a sign bit."""
    return 1 if _fits_table(a, b) else (b.width + (not b.signed) + 1) // 2


def _row_width(a: Shape) -> int:
    """Bits of a Booth row: twice `a`, with a sign."""
    return a.width + 1 + (not a.signed)


def _row_bits(a: Shape, b: Shape) -> int:
    """Bits of all rows of a product, the measure of its cost."""
    return _row_count(a, b) * _row_width(a)


def _rows(pipeline: Stages, name: str, a: Value, b: Value) -> list[Row]:
    if _fits_table(a.shape(), b.shape()):
        return [_table_row(a, b)]
    sign = b[-1] if b.shape().signed else C(0)
    bits = [C(0), *b, sign, sign]
    return [
        _booth_row(pipeline, f"{name}_{digit}", a, bits[2 * digit : 2 * digit + 3])
        for digit in range(_row_count(a.shape(), b.shape()))
    ]


def _booth_row(pipeline: Stages, name: str, a: Value, digit: Sequence[Value]) -> Row:
    """Return the row of ``digit[0] + digit[1] - 2 * digit[2]`` times `a`.

    Networks have thousands of rows: a module of its own keeps their Verilog short and quick to
    write.
    """
    kind = type_of(a.shape())
    width = _row_width(a.shape())
    bits = Signal(width, name=f"{name}_bits")
    pipeline.instantiate_logic(
        name,
        "booth_row",
        p_A_WIDTH=len(a),
        p_A_SIGNED=C(kind.signed, 1),
        p_WIDTH=width,
        i_a=a,
        i_digit=Cat(digit),
        o_bits=bits,
    )
    largest = 2 * max(-kind.minimum, kind.maximum)
    return Row(bits, carry=digit[2], bias=1 << (width - 1), minimum=-largest, maximum=largest)


def _table_row(a: Value, b: Value) -> Row:
    """Return the row of ``a * b``, read from a table of all products."""
    kinds = type_of(a.shape()), type_of(b.shape())
    products = [
        _decode(code, kinds[0]) * _decode(code >> len(a), kinds[1])
        for code in range(1 << (len(a) + len(b)))
    ]
    low, high = min(products), max(products)
    operands = Cat(a, b)
    bits = Cat(
        Const(
            sum(((product - low) >> bit & 1) << code for code, product in enumerate(products)),
            len(products),
        ).bit_select(operands, 1)
        for bit in range((high - low).bit_length())
    )
    return Row(bits=bits, carry=C(0), bias=-low, minimum=low, maximum=high)


def _decode(code: int, kind: IntegerType) -> int:
    """Return the value of the lowest bits of `code`."""
    value = code & ((1 << kind.width) - 1)
    return value - (1 << kind.width) if value > kind.maximum else value
