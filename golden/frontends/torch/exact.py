"""Integers that equal the fake-quantized network in float64, on every code that can occur."""

import numpy as np

from bittrue.golden.frontends.torch.limits import Range
from bittrue.golden.graph import AccumulatorBounds, Requantization, Tensor
from bittrue.golden.lowering.integer_requant import integer_requantization
from bittrue.golden.lowering.pair_addition import ScaledSum, Summand, add_pairs, few_pairs
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.rounding import Rounding


def codes_of(real: Float64, output: QuantType, clamp: Range) -> Int64:
    """Return the codes of real numbers: limited, then rounded to the nearest, ties to even."""
    if output.bipolar:
        return (real >= 0).astype(np.int64)
    steps = np.clip(np.clip(real, *clamp) / output.scale, *output.steps)
    return np.rint(steps).astype(np.int64) + output.zero_point


def extreme_codes(output: QuantType, clamp: Range) -> tuple[int, int]:
    """Return the lowest and the highest code that an activation function leaves."""
    low, high = codes_of(np.array([-np.inf, np.inf]), output, clamp)
    return int(low), int(high)


def exact_requantization(
    bounds: AccumulatorBounds,
    scale: float,
    divisor: int,
    output: QuantType,
    clamp: Range,
) -> Requantization:
    """Return requantization that equals float64 on every reachable accumulator.

    Parameters
    ----------
    bounds : AccumulatorBounds
    scale, divisor : float, int
        Accumulators stand for ``accumulator * scale / divisor``, rounded twice by float64.
    output : QuantType
    clamp : (float, float)
        The activation function.

    Raises
    ------
    CertificateError
        If there are no integers of up to 31 bits that do it.
    """
    bipolar = output.bipolar
    return integer_requantization(
        lambda _: lambda accumulator: codes_of(accumulator * scale / divisor, output, clamp),
        bounds,
        scale / divisor / output.scale,
        # Rounded down, what is negative stays negative; clamped, it is -1, else 0.
        Rounding.FLOOR if bipolar else Rounding.SINGLE_HALF_EVEN,
        output.type,
        1 if bipolar else output.zero_point,
        extreme_codes(output, clamp),
    )


def exact_addition(
    tensors: tuple[Tensor, Tensor],
    maps: tuple[QuantType, QuantType],
    subtract: bool,
    output_map: QuantType,
    clamp: Range,
) -> ScaledSum | None:
    """Return integers whose sum equals float64 on every pair of codes.

    Parameters
    ----------
    tensors : tuple of Tensor
        The operands.
    maps : tuple of QuantType
        What their codes stand for.
    subtract : bool
        Whether the second is subtracted.
    output_map : QuantType
        What its codes stand for.
    clamp : (float, float)
        The activation function.

    Returns
    -------
    ScaledSum or None
        None if the pairs are too many to look at, or no multipliers of up to 31 bits do it.
    """
    first, second = (
        Summand(
            tensor.name,
            tensor.type,
            mapping.quantization,
            np.arange(tensor.minimum, tensor.maximum + 1),
        )
        for tensor, mapping in zip(tensors, maps, strict=True)
    )
    if output_map.bipolar or not few_pairs(first, second):
        return None

    def reference(a: Int64, b: Int64) -> Int64:
        left = maps[0].encoding.decode(a) * maps[0].scale
        right = maps[1].encoding.decode(b) * maps[1].scale
        return codes_of(left - right if subtract else left + right, output_map, clamp)

    limits = extreme_codes(output_map, clamp)
    return add_pairs((first, second), subtract, output_map, limits, reference)
