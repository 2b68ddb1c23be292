"""The layers of the quantized digits network, as work for requantizers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bittrue.golden.certificates.certificate import Certificate, Reference
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.digits import quantized_digits
from bittrue.golden.errors import UnknownNameError
from bittrue.golden.executor.layer_trace import LayerTrace
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.rounding import Rounding

DIGITS = Path("sim_build") / "digits"
FLOAT32 = "float32_half_even"
REFERENCES = (FLOAT32, *(r.value for r in Rounding if r is not Rounding.STOCHASTIC))
"""What a layer can be requantized by: ONNX Runtime's arithmetic, or a fixed-point rounding."""


def describe_digits() -> str:
    """Return a line about the network and its accuracy."""
    digits = quantized_digits(DIGITS)
    return (
        f"digits network on {digits.test_images} test images: "
        f"float {digits.float_accuracy:.2%}, int8 {digits.int8_accuracy:.2%}"
    )


@cache
def digits_layers() -> dict[str, LayerTrace]:
    """Return each layer's accumulators over the test images."""
    return {layer.name: layer for layer in quantized_digits(DIGITS).layers()}


def find_layer(name: str) -> LayerTrace:
    """Return a layer by name, or the first one for an empty name.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    layers = digits_layers()
    if not name:
        return next(iter(layers.values()))
    if name not in layers:
        raise UnknownNameError("layer", name, layers)
    return layers[name]


@dataclass(frozen=True)
class LayerReference:
    """A layer and the arithmetic by which its accumulators become codes.

    Parameters
    ----------
    layer : LayerTrace
        Channels and reachable accumulators.
    name : str
        One of `REFERENCES`.
    """

    layer: LayerTrace
    name: str

    def __post_init__(self) -> None:
        if self.name not in REFERENCES:
            raise UnknownNameError("reference", self.name, REFERENCES)

    @property
    def codes(self) -> Reference:
        """Accumulators of shape (..., channels) to output codes."""
        return _float32_codes(self.layer) if self.name == FLOAT32 else self._fixed_point_codes()

    def _fixed_point_codes(self) -> Reference:
        import torch

        from bittrue.golden.units.requant import requantize

        rounding = Rounding(self.name)

        def codes(accumulator: Int64) -> Int64:
            values = torch.from_numpy(np.ascontiguousarray(accumulator))
            return requantize(values, self.layer.channels, rounding).numpy()

        return codes

    def certificate(self) -> Certificate:
        """Search for the layer's certificate."""
        channels = self.layer.channels
        return find_certificate(
            self.codes,
            self.layer.accumulator_minimum,
            self.layer.accumulator_maximum,
            channels.zero_point,
            channels.minimum,
            channels.maximum,
        )


def _float32_codes(layer: LayerTrace) -> Callable[[Int64], Int64]:
    channels = layer.channels
    scale = np.ldexp(channels.multiplier.astype(np.float64), -channels.shift).astype(np.float32)

    def codes(accumulator: Int64) -> Int64:
        return requantize_float32_half_even(
            accumulator, scale, channels.zero_point, channels.minimum, channels.maximum
        )

    return codes
