"""BatchNormalization."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import finite, layout_of_numbers, set_affine, stepped
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.registry import CHANNELS_LAST, STANDARD, converts
from bittrue.golden.frontends.onnx.values import Later, Real, Step, fractions


@converts(
    "BatchNormalization",
    domains=(STANDARD, CHANNELS_LAST),
    attributes=("epsilon",),
    without_effect=("momentum",),
    only={"spatial": 1, "training_mode": 0},
    inputs=5,
)
def _batch_normalization(site: Site, arithmetic: OnnxArithmetic) -> None:
    scale, bias, mean, variance = (
        finite(site, i, site.numbers(i)).astype(np.float64) for i in range(1, 5)
    )
    if len({values.shape for values in (scale, bias, mean, variance)}) != 1 or scale.ndim != 1:
        raise UserError("its constants have several shapes; allowed: one number per channel")
    value = site.input(0)
    if isinstance(value, Later):
        value = site.inserted(value)
    rank = len(layout_of_numbers(value).shape)
    along = (-1,) if site.channels_last else (-1, *(1,) * (rank - 1))
    epsilon = site.number("epsilon", 1e-5)
    if not (np.isfinite(variance + epsilon) & (variance + epsilon > 0)).all():
        raise UserError("its variance is negative; allowed: positive")
    if isinstance(value, Real) and arithmetic.name != "onnx":
        # core/providers/cpu/nn/batch_norm.h
        root = np.sqrt(variance.astype(np.float32) + np.float32(epsilon))
        factor = scale.astype(np.float32) * (np.float32(1) / root)
        addend = bias.astype(np.float32) - mean.astype(np.float32) * factor
        site.set(stepped(site, value, Step("Mul", factor), Step("Add", addend)))
        return
    exact = fractions(scale / np.sqrt(variance + epsilon))
    addends = fractions(bias) - fractions(mean) * exact
    set_affine(site, arithmetic, value, exact.reshape(along), addends.reshape(along))
