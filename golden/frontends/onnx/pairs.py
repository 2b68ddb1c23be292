"""Sums of two tensors in floating point, as integers that equal them on every pair of codes."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import Operand
from bittrue.golden.lowering.pair_addition import (
    PairReference,
    ScaledSum,
    add_pairs,
    few_pairs,
)


def add_operands(
    operands: tuple[Operand, Operand],
    subtract: bool,
    quantizer: Quantizer,
    clamp: tuple[int, int],
    reference: PairReference,
    advice: str,
) -> ScaledSum:
    """Return integers whose sum equals a reference on every pair of codes.

    Parameters
    ----------
    operands : tuple of Operand
    subtract : bool
        Whether the second is subtracted.
    quantizer : Quantizer
        Of the output.
    clamp : (int, int)
        Of the output's codes.
    reference : callable
        What is computed.
    advice : str
        What to do where there are no such integers.

    Raises
    ------
    UserError
        If the pairs are too many, or no multipliers of up to 31 bits do.
    """
    first, second = operands
    if not few_pairs(first, second):
        raise UserError(
            f"it adds {first.type} and {second.type} in floating point; allowed: 8 bits; {advice}"
        )
    addition = add_pairs(operands, subtract, quantizer.kind, clamp, reference)
    if addition is None:
        raise UserError(
            "no integer multipliers give the code of the rounded sum for every pair of codes; "
            f"{advice}"
        )
    return addition
