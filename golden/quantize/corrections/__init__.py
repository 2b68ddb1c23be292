"""Corrections without training, by name.

They come in three kinds, applied one after the other: those that leave the float network's function
as it is, those that change its weights, and those that change the quantized network.
"""

from collections.abc import Callable, Iterable

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.corrections.adaround import adaround
from bittrue.golden.quantize.corrections.bias import bias_correction, bias_correction_analytic
from bittrue.golden.quantize.corrections.clamping import weight_clamping
from bittrue.golden.quantize.corrections.equalization import (
    bias_absorption,
    cross_layer_equalization,
)
from bittrue.golden.quantize.corrections.reconstruction import reconstruction
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.scheme import CorrectionScheme, Scheme

__all__ = ["CORRECTIONS", "change_weights", "check_corrections", "correct", "equalize"]

Correct = Callable[[FakeQuantizedNetwork, FloatNetwork, Iterable[Batch], CorrectionScheme], None]

_OF_FUNCTION: dict[str, Callable[[FloatNetwork], FloatNetwork]] = {
    "cross_layer_equalization": cross_layer_equalization,
    "bias_absorption": bias_absorption,
}
_OF_WEIGHTS: dict[str, Callable[[FloatNetwork, CorrectionScheme], FloatNetwork]] = {
    "weight_clamping": lambda network, options: weight_clamping(network, options.sigmas),
}
_OF_QUANTIZED: dict[str, Correct] = {
    "bias_correction": lambda fake, reference, data, _: bias_correction(fake, reference, data),
    "bias_correction_analytic": lambda fake, reference, *_: bias_correction_analytic(
        fake, reference
    ),
    "adaround": adaround,
    "reconstruction": reconstruction,
}

CORRECTIONS = (*_OF_FUNCTION, *_OF_WEIGHTS, *_OF_QUANTIZED)
"""Names of all corrections."""


def check_corrections(scheme: Scheme) -> None:
    """Refuse corrections that do not exist, or together with training.

    Raises
    ------
    UserError
        Naming the correction.
    """
    for name in scheme.corrections:
        if name not in CORRECTIONS:
            raise UserError(f"corrections has {name!r}; allowed: {', '.join(CORRECTIONS)}")
    if scheme.corrections and scheme.training is not None:
        raise UserError(
            f"corrections has {scheme.corrections[0]!r} and the scheme a training, which changes "
            "weights and biases itself; drop one of them"
        )


def equalize(network: FloatNetwork, scheme: Scheme) -> FloatNetwork:
    """Apply the corrections that leave the function as it is."""
    for name in scheme.corrections:
        if name in _OF_FUNCTION:
            network = _OF_FUNCTION[name](network)
    return network


def change_weights(network: FloatNetwork, scheme: Scheme) -> FloatNetwork:
    """Apply the corrections that change the float network's weights."""
    for name in scheme.corrections:
        if name in _OF_WEIGHTS:
            network = _OF_WEIGHTS[name](network, scheme.correction)
    return network


def correct(
    fake: FakeQuantizedNetwork, reference: FloatNetwork, data: Iterable[Batch], scheme: Scheme
) -> None:
    """Apply the corrections that change the quantized network, in place.

    Parameters
    ----------
    reference : FloatNetwork
        The network as it should be: with the conversions of the quantized one, nothing changed.
    data : iterable of tuple of Tensor
        Calibration data, which is read several times.
    """
    for name in scheme.corrections:
        if name in _OF_QUANTIZED:
            _OF_QUANTIZED[name](fake, reference, data, scheme.correction)
