"""Accumulators to codes."""

from collections.abc import Callable

import torch

from golden.graph import Certified, FixedPoint, Requantization, Tensor
from golden.kernels.kernel import torch_dtype
from golden.requant import requantize

Scaler = Callable[[torch.Tensor], torch.Tensor]


def compile_requantization(requantization: Requantization | None, output: Tensor) -> Scaler:
    """Return the function from integer accumulators, channels last, to codes."""
    dtype = torch_dtype(output.type)
    if requantization is None:
        return lambda accumulator: accumulator.to(dtype)
    if isinstance(requantization, FixedPoint):
        channels, rounding = requantization.channels, requantization.rounding
        return lambda accumulator: requantize(accumulator, channels, rounding).to(dtype)
    return _certified(requantization, dtype)


def _certified(requantization: Certified, dtype: torch.dtype) -> Scaler:
    certificate = requantization.certificate
    multiplier, negative, positive, zero_point, minimum, maximum = (
        torch.from_numpy(values.copy())
        for values in (
            certificate.multiplier,
            certificate.negative_constant,
            certificate.positive_constant,
            certificate.zero_point,
            certificate.minimum,
            certificate.maximum,
        )
    )
    exceptions = torch.from_numpy(certificate.exception.copy())
    corrections = torch.from_numpy(certificate.correction.copy())

    def scale(accumulator: torch.Tensor) -> torch.Tensor:
        wide = accumulator.to(torch.int64)
        constant = torch.where(wide < 0, negative, positive)
        scaled = (wide * multiplier + constant) >> certificate.shift
        codes = torch.clamp(scaled + zero_point, minimum, maximum)
        for exception, correction in zip(exceptions, corrections, strict=True):
            codes = codes + (wide == exception) * correction
        return codes.to(dtype)

    return scale
