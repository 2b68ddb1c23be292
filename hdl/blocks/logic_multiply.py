"""Wide products without hardware multipliers."""

from amaranth.hdl import Shape, Value

from bittrue.hdl.blocks.booth import lut_dot_product, lut_dot_product_latency
from bittrue.hdl.blocks.pipeline import Stages


def logic_multiply(pipeline: Stages, name: str, a: Value, b: Value, addend: Value) -> Value:
    """Multiply and add in tables and carry chains alone, as a sum of Booth rows.

    `logic_multiply_latency` cycles, one product per cycle.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go.
    name : str
        Prefix of the registers' names.
    a, b : Value
        Operands, any width and signedness.
    addend : Value
        Added to the product; must be valid a cycle before the sum.

    Returns
    -------
    Value
        The exact sum.
    """
    one, other = (pipeline.register(f"{name}_{which}", v) for which, v in (("a", a), ("b", b)))
    product = lut_dot_product(pipeline, f"{name}_rows", [one], [other])
    return pipeline.register(name, product + addend)


def logic_multiply_latency(a: Shape, b: Shape) -> int:
    """Return the cycles of `logic_multiply`: of its operands' registers, its rows, and the sum."""
    return 1 + lut_dot_product_latency(a, b, 1) + 1
