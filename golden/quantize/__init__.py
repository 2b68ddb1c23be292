"""Quantization: a float torch module becomes an integer graph.

trace (`torch.export`) -> simplify -> give every tensor its precision -> calibrate -> quantizers in
floating point -> corrections or training -> integers. Each step is a function of its own.
"""

import copy
from collections.abc import Iterable
from typing import Any

import torch
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
    WeightScheme,
)
from golden.quantize.training.fresh import fresh
from golden.quantize.training.train import TrainingData, train
from golden.quantize.training_scheme import TrainingScheme
from golden.torch_import.simplify import simplify
from golden.torch_import.trace import trace

__all__ = [
    "ActivationScheme",
    "LayerScheme",
    "QuantizedNetwork",
    "Scheme",
    "TrainingData",
    "TrainingScheme",
    "WeightScheme",
    "quantize",
]


def quantize(
    module: nn.Module,
    calibration: Tensor | Batch | Iterable[Any],
    scheme: Scheme | None = None,
    training: TrainingData | None = None,
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
    training : TrainingData, optional
        Needed when the scheme has a training.

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
    if (scheme.training is None) != (training is None):
        raise UserError(
            "a scheme with a training needs labelled data, and labelled data a scheme with a "
            "training; give both or neither"
        )
    data = CalibrationData(calibration)
    teacher = copy.deepcopy(module).to(torch.float32).eval()
    if scheme.training is not None and scheme.training.start == "scratch":
        module = fresh(module, data, scheme.training.seed)
    network = simplify(trace(module, data.example), fold=scheme.training is None)
    precision = assign_precision(network, scheme)
    trained = scheme.training is not None
    fake = assemble(precision, distributions(precision.network, data), trained).eval()
    if training is not None:
        train(fake, training, scheme, teacher)
    return QuantizedNetwork(scheme, precision, network, fake, lower_fake(fake, scheme))
