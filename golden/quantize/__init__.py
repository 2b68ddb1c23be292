"""Quantization: a float torch module becomes an integer graph.

trace (`torch.export`) -> simplify -> give every tensor its precision -> calibrate -> quantizers in
floating point -> corrections or training -> integers. Each step is a function of its own.
"""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from golden.errors import UserError
from golden.quantize.assemble import assemble
from golden.quantize.calibrate import Batch, CalibrationData, distributions
from golden.quantize.precision import assign_precision
from golden.quantize.quantized_network import QuantizedNetwork, lower_fake
from golden.quantize.scheme import (
    ActivationScheme,
    LayerScheme,
    Scheme,
    TrainingScheme,
    WeightScheme,
)
from golden.torch_import.simplify import simplify
from golden.torch_import.trace import trace

__all__ = [
    "ActivationScheme",
    "LayerScheme",
    "QuantizedNetwork",
    "Scheme",
    "TrainingScheme",
    "WeightScheme",
    "quantize",
]


def quantize(
    module: nn.Module,
    calibration: Tensor | Batch | Iterable[Any],
    scheme: Scheme | None = None,
) -> QuantizedNetwork:
    """Quantize a float module.

    Parameters
    ----------
    module : Module
        Convolutions (grouped and depthwise too), linear layers, batch normalization, additions,
        products, concatenations, pooling and functions of single values; evaluated as by
        ``module.eval()`` and left as it is.
    calibration : Tensor, tuple of Tensor, or iterable of either
        Samples in the first dimension, one tensor for each input; all at once, or batches that can
        be iterated again.
    scheme : Scheme, optional
        By default 8 bits, weights with a scale per output channel.

    Returns
    -------
    QuantizedNetwork

    Raises
    ------
    UserError
        Naming the operator, layer or option, its value, and what is allowed.
    """
    if not isinstance(module, nn.Module):
        raise UserError(f"module is a {type(module).__name__}; allowed: a torch.nn.Module")
    scheme = Scheme() if scheme is None else scheme
    data = CalibrationData(calibration)
    network = simplify(trace(module, data.example), fold=scheme.training is None)
    precision = assign_precision(network, scheme)
    fake = assemble(precision, distributions(precision.network, data))
    return QuantizedNetwork(scheme, precision, network, fake, lower_fake(fake, scheme))
