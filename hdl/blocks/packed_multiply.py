"""Sums of narrow products from shared hardware multipliers."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Value

from bittrue.golden.units.packing import Packing
from bittrue.hdl.blocks.adder_tree import adder_tree, adder_tree_latency
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import Stages

Vectors = Sequence[Sequence[Value]]
"""Operands, by vector and lane."""


def packed_dot_products(
    pipeline: Stages, name: str, packing: Packing, a: Vectors, b: Vectors
) -> list[list[Value]]:
    """Return ``sum of a[r][k] * b[c][k]`` over lanes k, for every pair of vectors.

    Each multiplier makes the products of `packing.a_count` vectors of `a` with `packing.b_count`
    of `b`. A chain of them adds its wide products before they are taken apart, so the correction
    that makes the fields exact, one constant, is added once for the chain.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `packed_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    packing : Packing
        See `golden.units.packing`.
    a, b : sequence of sequence of Value
        Vectors of equally many lanes.

    Returns
    -------
    list of list of Value
        By vector of `a` and vector of `b`.
    """
    lanes = len(a[0])
    terms: list[list[list[Value]]] = [[[] for _ in b] for _ in a]
    for rows in _groups(len(a), packing.a_count):
        for columns in _groups(len(b), packing.b_count):
            for chain in _groups(lanes, packing.chain):
                wide = _chain(
                    pipeline,
                    f"{name}_{rows[0]}_{columns[0]}_{chain[0]}",
                    packing,
                    [[a[row][lane] for row in rows] for lane in chain],
                    [[b[column][lane] for column in columns] for lane in chain],
                )
                for i, row in enumerate(rows):
                    for j, column in enumerate(columns):
                        terms[row][column].append(_field(packing, wide, i, j))
    return [
        [
            _total(pipeline, f"{name}_sum_{row}_{column}", packing, fields)
            for column, fields in enumerate(row_terms)
        ]
        for row, row_terms in enumerate(terms)
    ]


def packed_latency(packing: Packing, lanes: int) -> int:
    """Return the cycles that `packed_dot_products` takes."""
    chains = -(-lanes // packing.chain)
    return (
        MULTIPLIER_LATENCY + packing.chain + adder_tree_latency(chains) + (_leftover(packing) != 0)
    )


def _groups(count: int, size: int) -> list[range]:
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def _chain(pipeline: Stages, name: str, packing: Packing, a: Vectors, b: Vectors) -> Value:
    """Return the sum of the wide products of some lanes, with the bias of every field."""
    width = packing.products * packing.stride
    total: Value = Const(packing.wide_bias, width)
    for place, (a_lane, b_lane) in enumerate(zip(a, b, strict=True)):
        # A product meets the running sum as many cycles later as products come before it.
        wide_a = _pack(
            [pipeline.register(f"{name}_a{place}_{k}", v, place) for k, v in enumerate(a_lane)],
            packing.stride,
        )
        wide_b = packing.offset + _pack(
            [pipeline.register(f"{name}_b{place}_{k}", v, place) for k, v in enumerate(b_lane)],
            packing.stride * packing.a_count,
        )
        wide = multiplier(pipeline, f"{name}_product{place}", wide_a, _narrow(wide_b, packing))
        if packing.offset:
            late = pipeline.register(f"{name}_offset{place}", wide_a, MULTIPLIER_LATENCY)
            total = total - (late << packing.offset.bit_length() - 1)
        total = pipeline.register(f"{name}_wide{place}", (wide + total)[:width])
    return pipeline.register(f"{name}_wide", total, packing.chain - len(a))


def _pack(values: Sequence[Value], step: int) -> Value:
    """Return ``sum of values[k] * 2**(step * k)``."""
    total = values[0]
    for position, value in enumerate(values[1:], start=1):
        total = total + (value << (step * position))
    return total


def _narrow(wide_b: Value, packing: Packing) -> Value:
    """Drop the bits that the sum of operands, but no operand, could have needed."""
    values = packing.wide_b()
    width = max(values[0], ~values[0], values[-1]).bit_length() + (values[0] < 0)
    narrow = wide_b[:width]
    return narrow.as_signed() if values[0] < 0 else narrow


def _field(packing: Packing, wide: Value, i: int, j: int) -> Value:
    """Cut out a sum of products; `_leftover` remains to be added where the bias is odd."""
    first = packing.stride * (i + packing.a_count * j)
    field = wide[first : first + packing.stride]
    if packing.bias == 1 << (packing.stride - 1):
        return Cat(field[:-1], ~field[-1]).as_signed()
    return field


def _leftover(packing: Packing) -> int:
    """Return the bias that a field keeps."""
    return 0 if packing.bias == 1 << (packing.stride - 1) else packing.bias


def _total(pipeline: Stages, name: str, packing: Packing, fields: Sequence[Value]) -> Value:
    total = adder_tree(pipeline, name, fields)
    bias = _leftover(packing) * len(fields)
    return pipeline.register(f"{name}_exact", total - bias) if bias else total
