"""Codes as the engine stores them: signed bytes."""

import numpy as np

from bittrue.golden.engine.record import Records
from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatingNode, AccumulatorBounds, Requantization, Tensor
from bittrue.golden.graph.affine_requantization import affine_function
from bittrue.golden.numbers.arrays import Int64

STORED = np.arange(-128, 128)
"""Every stored code, in the order of tables."""


def offset(tensor: Tensor) -> int:
    """Return what is taken from codes when they are stored: 128 from those of uint8."""
    return 128 if tensor.type.maximum > 127 else 0


def check_stored(tensor: Tensor, what: str) -> None:
    """Refuse codes of more than 8 bits.

    Raises
    ------
    UserError
        Starting with `what`.
    """
    if tensor.type.width > 8:
        raise UserError(f"{what} is {tensor.type}; the engine takes codes of up to 8 bits")


def every_code(tensor: Tensor) -> Int64:
    """Return the code that each stored one stands for; those of no code as the nearest."""
    return np.clip(STORED + offset(tensor), tensor.minimum, tensor.maximum)


def check_requantized(node: AccumulatingNode) -> Requantization:
    """Return how a node makes codes.

    Raises
    ------
    UserError
        If it keeps its accumulators.
    """
    if node.requantization is None:
        raise UserError("its accumulators are kept; the engine makes codes of up to 8 bits")
    return node.requantization


def records_of(
    requantization: Requantization,
    bounds: AccumulatorBounds,
    output: Tensor,
    bias: Int64,
) -> Records:
    """Return the records of a node's channels, as many as there are biases.

    Raises
    ------
    UserError
        If the engine cannot requantize so.
    """
    function = affine_function(requantization, bounds)
    if function is None:
        raise UserError(
            f"its accumulators of {bounds.type.width} bits, its scale or its ties rounded to even "
            "are more than the engine's requantizer takes"
        )
    if function.exceptions:
        raise UserError(
            f"its requantization has {len(function.exceptions)} exceptions; the engine takes none"
        )
    moved = offset(output)
    columns = {
        "bias": bias,
        "multiplier": function.multiplier,
        "positive": function.positive,
        "negative": function.negative,
        "shift": function.shift,
        "zero_point": function.zero_point - moved,
        "minimum": function.minimum - moved,
        "maximum": function.maximum - moved,
    }
    wrapped = ((bias + (1 << 31)) & ((1 << 32) - 1)) - (1 << 31)
    spread = {name: np.broadcast_to(each, bias.shape) for name, each in columns.items()}
    return Records(**{**spread, "bias": wrapped})


def kept_codes(bias: Int64) -> Records:
    """Return the records that make stored codes of sums that are codes, with biases added."""
    none = np.zeros_like(bias)
    return Records(bias, none + 1, none, none, none, none, none - 128, none + 127)
