"""Sums of products by whatever a multiply-accumulate unit multiplies with."""

from collections.abc import Sequence

from amaranth.hdl import Value

from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.golden.units.packing import Packing, find_packing
from bittrue.hdl.blocks.adder_tree import adder_tree, adder_tree_latency
from bittrue.hdl.blocks.booth import lut_dot_product, lut_dot_product_latency
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.packed_multiply import Vectors, packed_dot_products, packed_latency
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.shapes import shape_of


def packing_of(spec: MacSpec) -> Packing:
    """Return how a unit with a packed kind of multiplier packs its products."""
    return find_packing(spec.multiplier, spec.a, spec.b, spec.rows, spec.columns, spec.lanes)


def dot_product_latency(spec: MacSpec) -> int:
    """Return the cycles that `dot_products` takes."""
    match spec.multiplier:
        case Multiplier.DSP:
            return MULTIPLIER_LATENCY + adder_tree_latency(spec.lanes)
        case Multiplier.LUT:
            return lut_dot_product_latency(shape_of(spec.a), shape_of(spec.b), spec.lanes)
        case _:
            return packed_latency(packing_of(spec), spec.lanes)


def dot_products(
    pipeline: Stages, name: str, spec: MacSpec, a: Vectors, b: Vectors
) -> list[list[Value]]:
    """Return ``sum of a[r][k] * b[c][k]`` over lanes k, for every pair of vectors.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `dot_product_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    spec : MacSpec
        What multiplies; operand types and counts.
    a, b : sequence of sequence of Value
        Operands by vector and lane, not registered.

    Returns
    -------
    list of list of Value
        Exact sums, by vector of `a` and vector of `b`.
    """
    if spec.multiplier not in (Multiplier.DSP, Multiplier.LUT):
        return packed_dot_products(pipeline, name, packing_of(spec), a, b)
    return [
        [
            _dot_product(pipeline, f"{name}_{row}_{column}", spec, a_vector, b_vector)
            for column, b_vector in enumerate(b)
        ]
        for row, a_vector in enumerate(a)
    ]


def _dot_product(
    pipeline: Stages, name: str, spec: MacSpec, a: Sequence[Value], b: Sequence[Value]
) -> Value:
    if spec.multiplier is Multiplier.LUT:
        return lut_dot_product(pipeline, name, a, b)
    products = [
        multiplier(pipeline, f"{name}_product{lane}", *operands)
        for lane, operands in enumerate(zip(a, b, strict=True))
    ]
    return adder_tree(pipeline, f"{name}_sum", products)
