"""Functions of two codes, as a sum of integers that is requantized.

A sum of scaled tensors is a function of two codes; there are few enough pairs to look at each.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from golden.certificate import CertificateError, StepFunction
from golden.errors import UserError
from golden.graph import (
    Add,
    Addend,
    Certified,
    FixedPoint,
    Requantization,
)
from golden.integer_requant import certificate_of_scale
from golden.integer_type import IntegerType
from golden.multiplier import quantize_multiplier
from golden.onnx_import.quantizer import Quantizer
from golden.onnx_import.values import Operand
from golden.requant_spec import RequantChannels, RequantSpec
from golden.rounding import Rounding

Int64 = NDArray[np.int64]

PairReference = Callable[[Int64, Int64], Int64]
"""Codes of the operands, shapes (n, 1) and (1, m), to codes of the output, shape (n, m)."""

_SHIFTS = range(22, 11, -1)
_LARGEST_MULTIPLIER = 1 << 30
MOST_PAIRS = 1 << 20
"""Pairs of codes that are looked at one by one; those of 8 bits are far fewer."""


def add_pairs(
    operands: tuple[Operand, Operand],
    subtract: bool,
    quantizer: Quantizer,
    clamp: tuple[int, int],
    reference: PairReference,
    output: str,
) -> Add:
    """Return an addition that equals a reference on every pair of codes.

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
    output : str
        Name of what it makes.

    Raises
    ------
    UserError
        If no multipliers of up to 31 bits do.
    """
    first, second = operands
    if first.codes.size * second.codes.size > MOST_PAIRS:
        raise UserError(
            f"it adds {first.type} and {second.type} in floating point; allowed: 8 bits; import "
            "with profile onnx"
        )
    expected = np.clip(reference(first.codes[:, None], second.codes[None, :]), *clamp)
    for shift in _SHIFTS:
        multipliers = [
            round(operand.scale / quantizer.scale * (1 << shift)) for operand in operands
        ]
        if max(multipliers) >= _LARGEST_MULTIPLIER:
            continue
        addends = tuple(
            Addend(operand.encoding, multiplier, subtract=subtract and operand is second)
            for operand, multiplier in zip(operands, multipliers, strict=True)
        )
        accumulator = addends[0].evaluate(first.codes)[:, None] + addends[1].evaluate(second.codes)
        requantization = _requantization(
            accumulator.reshape(-1), expected.reshape(-1), shift, quantizer, clamp
        )
        if requantization is not None:
            return Add(
                inputs=(first.name, second.name),
                output=output,
                addends=addends,
                requantization=requantization,
            )
    raise UserError(
        "no integer multipliers give the codes that floating point gives for every pair of codes; "
        "import with profile onnx"
    )


def _requantization(
    accumulator: Int64,
    expected: Int64,
    shift: int,
    quantizer: Quantizer,
    clamp: tuple[int, int],
) -> Requantization | None:
    """Return the requantization of accumulators by 2**-shift that gives the expected codes."""
    low, high = int(accumulator.min()), int(accumulator.max())
    kind = IntegerType.spanning(min(low, -1), high)
    spec = RequantSpec(kind, quantizer.type, roundings=(Rounding.SINGLE_HALF_EVEN,))
    multiplier, exponent = quantize_multiplier(2.0**-shift)
    channels = RequantChannels(spec, multiplier, exponent, quantizer.zero_point, *clamp)
    plain = FixedPoint(channels, Rounding.SINGLE_HALF_EVEN)
    if np.array_equal(plain.evaluate(accumulator[:, None])[:, 0], expected):
        return plain
    steps = _steps(accumulator, expected, shift, quantizer.zero_point)
    if steps is None:
        return None
    try:
        certificate = certificate_of_scale(
            steps, np.array([2.0**-shift]), np.array([0.5]), quantizer.zero_point, clamp
        )
    except CertificateError:
        return None
    return Certified(certificate, quantizer.type)


def _steps(accumulator: Int64, expected: Int64, shift: int, zero_point: int) -> StepFunction | None:
    """Return a step function through all pairs, its steps as near to ties as they allow.

    None if the codes descend somewhere, or one accumulator has two.
    """
    order = np.lexsort((expected, accumulator))
    accumulator, expected = accumulator[order], expected[order]
    if (np.diff(expected) < 0).any() or (np.diff(expected)[np.diff(accumulator) == 0] != 0).any():
        return None
    codes = np.arange(expected[0] + 1, expected[-1] + 1)
    reached = np.searchsorted(expected, codes)
    tie = ((2 * (codes - zero_point) - 1) << shift) >> 1
    thresholds = np.clip(tie, accumulator[reached - 1] + 1, accumulator[reached])
    return StepFunction(
        accumulator[:1].copy(), accumulator[-1:].copy(), expected[:1].copy(), (thresholds,)
    )
