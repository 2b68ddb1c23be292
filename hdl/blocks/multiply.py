"""Wide products from hardware multipliers."""

from functools import cache

from amaranth.hdl import C, Cat, Const, Mux, Shape, Signal, Value

from bittrue.hdl.blocks.adder_tree import add_at
from bittrue.hdl.blocks.pipeline import Stages

CHUNK_WIDTH = 17
"""Unsigned bits of an operand chunk; 18 with a sign: what DSP48E1 and MULT18X18D both take."""

_SINGLE_CHUNK_WIDTH = 18
"""An operand of at most so many bits is not split: MULT18X18D takes 18 unsigned bits, too."""

LOGIC_WIDTH = 3
"""An operand of at most so many bits is not worth a hardware multiplier."""

MULTIPLIER_LATENCY = 2
"""Cycles of a hardware multiplier with registered operands and product."""

MULTIPLY_LATENCY = MULTIPLIER_LATENCY + 2
"""Cycles of a wide product made of several."""


def multiply(pipeline: Stages, name: str, a: Value, b: Value, addend: Value | None = None) -> Value:
    """Multiply, and add, through registered partial products of 17-bit chunks.

    ``sum of a[i] * b[j] * 2**(17 (i + j))``: products of equal weight are added in the third
    cycle, the weights in the fourth. Chunks are unsigned but for the top one of a signed operand,
    so every partial product fits one hardware multiplier. `MULTIPLY_LATENCY` cycles, one product
    per cycle.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go.
    name : str
        Prefix of the registers' names.
    a, b : Value
        Operands, any width and signedness.
    addend : Value, optional
        Added to the product; must be valid two cycles after the operands, with the partial
        products.

    Returns
    -------
    Value
        The exact product, or sum.
    """
    columns: dict[int, list[Value]] = {}
    for i, a_chunk in enumerate(_chunks(a)):
        for j, b_chunk in enumerate(_chunks(b)):
            partial = multiplier(pipeline, f"{name}_partial_{i}_{j}", a_chunk, b_chunk)
            columns.setdefault(i + j, []).append(partial)
    if addend is not None:
        columns[0].append(addend)
    weights = [
        pipeline.register(f"{name}_weight_{weight}", _sum(partials))
        for weight, partials in sorted(columns.items())
    ]
    even, odd = _place(weights[0::2]), weights[1::2]
    total = add_at(even, _place(odd), CHUNK_WIDTH) if odd else even
    if addend is None:
        total = total[: len(a) + len(b)]
        total = total.as_signed() if a.shape().signed or b.shape().signed else total
    return pipeline.register(name, total)


def multiplier(pipeline: Stages, name: str, a: Value, b: Value) -> Value:
    """Multiply in one hardware multiplier; in logic where an operand is very narrow.

    A constant power of two, or zero, is no multiplication at all. `MULTIPLIER_LATENCY` cycles in
    any case.

    Parameters
    ----------
    pipeline : Stages
        Enables the multiplier's registers.
    name : str
        Of the instance; its product is ``<name>``.
    a, b : Value
        Operands, not registered; 18 bits signed and 17 unsigned fit every device.

    Returns
    -------
    Value
        The exact product, ``len(a) + len(b)`` bits.
    """
    if isinstance(b, Const) and _only_shifts(b.value):
        shape = Shape(len(a) + len(b), signed=a.shape().signed or b.shape().signed)
        if b.value == 0:
            return C(0, shape)
        moved = _in_shape(a << b.value.bit_length() - 1, shape)
        return pipeline.register(name, moved, MULTIPLIER_LATENCY)
    if min(len(a), len(b)) <= LOGIC_WIDTH:
        narrow, wide = sorted((a, b), key=len)
        narrow = pipeline.register(f"{name}_narrow", narrow)
        wide = pipeline.register(f"{name}_wide", wide)
        return pipeline.register(name, _logic_product(narrow, wide))
    signed = a.shape().signed or b.shape().signed
    product = Signal(Shape(len(a) + len(b), signed=signed), name=name)
    pipeline.instantiate(
        f"{name}_multiplier",
        "multiplier",
        p_A_WIDTH=len(a),
        p_B_WIDTH=len(b),
        p_A_SIGNED=Const(a.shape().signed, 1),
        p_B_SIGNED=Const(b.shape().signed, 1),
        i_a=a,
        i_b=b,
        o_product=product,
    )
    return product


def hardware_multipliers(a: Shape, b: Shape, constant: int | None = None) -> int:
    """Return how many hardware multipliers `multiply` takes for operands of two shapes.

    Parameters
    ----------
    a, b : Shape
        Of the operands.
    constant : int, optional
        The value of `b`, if it never changes.
    """
    return sum(
        min(one, other) > LOGIC_WIDTH and (known is None or not _only_shifts(known))
        for one in _chunk_widths(a)
        for other, known in _known_chunks(b, constant)
    )


def multiply_tables(a: Shape, b: Shape, constant: int | None = None) -> int:
    """Estimate the tables that `multiply` takes with an addend, beside hardware multipliers.

    These add one operand to their product, so a sum of two takes no table.

    Parameters
    ----------
    a, b : Shape
        Of the operands.
    constant : int, optional
        The value of `b`, if it never changes.
    """
    tables, end = 0, 0
    columns: dict[int, list[bool]] = {0: [False]}  # The addend.
    for i, one in enumerate(_chunk_widths(a)):
        for j, (other, known) in enumerate(_known_chunks(b, constant)):
            if known == 0:
                continue
            narrow, wide = sorted((one, other))
            in_logic = narrow <= LOGIC_WIDTH or (known is not None and _only_shifts(known))
            if in_logic:
                copies = narrow if known is None else min(known.bit_count(), narrow)
                tables += max(copies - 1, 0) * (wide + 1)
            columns.setdefault(i + j, []).append(not in_logic)
            end = max(end, CHUNK_WIDTH * (i + j) + one + other)
    for weight, terms in columns.items():
        width = min(end - CHUNK_WIDTH * weight, 2 * CHUNK_WIDTH + 1)
        tables += max(len(terms) - 1 - any(terms), 0) * width
    return tables + (end - CHUNK_WIDTH if len(columns) > 1 else 0)


def _only_shifts(value: int) -> bool:
    """Return whether a product with a constant is none: zero, or another place of the bits."""
    return value >= 0 and value & (value - 1) == 0


def _in_shape(value: Value, shape: Shape) -> Value:
    """Return a value that is in range in more or fewer bits."""
    sign = value[-1] if value.shape().signed else C(0, 1)
    bits = Cat(value, sign.replicate(max(shape.width - len(value), 0)))[: shape.width]
    return bits.as_signed() if shape.signed else bits


def _known_chunks(shape: Shape, constant: int | None) -> list[tuple[int, int | None]]:
    """Return the width of each chunk of an operand, with its value if the operand's is known.

    The top chunk of a signed operand counts as unknown: `multiplier` gets no constant for it.
    """
    widths = _chunk_widths(shape)
    found: list[tuple[int, int | None]] = []
    for place, width in enumerate(widths):
        known = constant is not None and not (shape.signed and place == len(widths) - 1)
        part = (constant or 0) >> CHUNK_WIDTH * place & (1 << width) - 1
        found.append((width, part if known else None))
    return found


def _chunk_widths(shape: Shape) -> tuple[int, ...]:
    return _widths_of_chunks(shape.width, shape.signed)


@cache
def _widths_of_chunks(width: int, signed: bool) -> tuple[int, ...]:
    return tuple(len(chunk) for chunk in _chunks(Signal(Shape(width, signed))))


def _chunks(value: Value) -> list[Value]:
    """Split a value into chunks, the top one with the value's signedness."""
    if len(value) <= _SINGLE_CHUNK_WIDTH:
        return [value]
    starts = list(range(0, len(value), CHUNK_WIDTH))
    if value.shape().signed and len(value) - starts[-1] == 1:
        starts.pop()  # A lone sign bit joins the chunk below: 18 bits with sign.
    pieces = [
        _bits(value, start, end)
        for start, end in zip(starts, [*starts[1:], len(value)], strict=True)
    ]
    if value.shape().signed:
        pieces[-1] = pieces[-1].as_signed()
    return pieces


def _bits(value: Value, start: int, end: int) -> Value:
    """Return some bits of a value; those of a constant are one."""
    if isinstance(value, Const):
        return C(value.value >> start & (1 << end - start) - 1, end - start)
    return value[start:end]


def _logic_product(narrow: Value, wide: Value) -> Value:
    """Add a copy of the wide operand for each bit of the narrow one; its sign bit subtracts."""
    copies = []
    for position, bit in enumerate(narrow):
        copy = Cat(C(0, position), Mux(bit, wide, 0))
        copies.append(copy.as_signed() if wide.shape().signed else copy)
    if not narrow.shape().signed:
        return _sum(copies)
    return _sum(copies[:-1]) - copies[-1] if copies[:-1] else -copies[-1]


def _sum(values: list[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _place(weights: list[Value]) -> Value:
    """Add values that are two chunks apart; those that do not overlap need no adder."""
    total = weights[0]
    for position, weight in enumerate(weights[1:], start=1):
        total = add_at(total, weight, 2 * CHUNK_WIDTH * position)
    return total
