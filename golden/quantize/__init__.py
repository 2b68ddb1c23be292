"""Quantization: a float torch module becomes an integer graph.

trace (`torch.export`) -> simplify -> give every tensor its precision -> calibrate -> quantizers in
floating point -> corrections or training -> integers. Each step is a function of its own.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.evaluation import evaluation_copy, outputs_of
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.quantize.assemble import assemble
from bittrue.golden.quantize.calibrate import Batch, CalibrationData, distributions
from bittrue.golden.quantize.corrections import change_weights, check_corrections, correct, equalize
from bittrue.golden.quantize.no_data import InputRange, SyntheticData, expected_distributions
from bittrue.golden.quantize.precision import assign_precision
from bittrue.golden.quantize.quantized_network import QuantizedNetwork, lower_fake
from bittrue.golden.quantize.reproducible import reproducible
from bittrue.golden.quantize.scheme import (
    ActivationScheme,
    CorrectionScheme,
    LayerScheme,
    Scheme,
    WeightScheme,
)
from bittrue.golden.quantize.training.fresh import fresh
from bittrue.golden.quantize.training.train import TrainingData, train
from bittrue.golden.quantize.training_scheme import TrainingScheme

__all__ = [
    "ActivationScheme",
    "CorrectionScheme",
    "InputRange",
    "LayerScheme",
    "QuantizedNetwork",
    "Scheme",
    "TrainingData",
    "TrainingScheme",
    "WeightScheme",
    "quantize",
]


Calibration = Tensor | Batch | InputRange | tuple[InputRange, ...] | Iterable[Any]


def quantize(
    module: nn.Module,
    calibration: Calibration,
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
    calibration : Tensor, tuple of Tensor, iterable of either; InputRange, or tuple of them
        Samples in the first dimension, one tensor for each input; all at once, or batches that can
        be iterated again. Without data, the range of each input: the other ranges then follow from
        batch normalization.
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
    inputs = _input_ranges(calibration)
    data = CalibrationData(calibration if inputs is None else _zeros(inputs))
    start = module
    if scheme.training is not None and scheme.training.start == "scratch":
        if inputs is not None:
            raise UserError(
                "training.start is 'scratch' without calibration data, whose batch statistics "
                "fresh weights need; give samples, or start from 'float'"
            )
        start = fresh(module, data, scheme.training.seed)
    network = simplify(trace(start, data.example), fold=scheme.training is None)
    check_corrections(scheme)
    network = equalize(network, scheme)
    precision = assign_precision(network, scheme)
    reference = precision.network
    precision = replace(precision, network=change_weights(reference, scheme))
    if inputs is None:
        samples: Iterable[Batch] = data
        seen = distributions(precision.network, data, scheme.calibration_type)
    else:
        options = scheme.correction
        samples = SyntheticData(reference, inputs, options.images, options.seed)
        seen = expected_distributions(precision.network, inputs)
    fake = assemble(precision, seen, training=scheme.training is not None).eval()
    with reproducible(scheme.correction.seed):
        correct(fake, reference, samples, scheme)
    if training is not None:
        # What has no integers is refused now; rounded in fixed point, which takes no search.
        lower_fake(fake, replace(scheme, requantization=Rounding.SINGLE_HALF_EVEN.value))
        teacher = evaluation_copy(module)
        train(fake, training, scheme, lambda *inputs: outputs_of(teacher, inputs)[0])
    return QuantizedNetwork(scheme, precision, network, fake, lower_fake(fake, scheme))


def _input_ranges(calibration: Calibration) -> tuple[InputRange, ...] | None:
    """Return the ranges of all inputs, if there is no data."""
    if isinstance(calibration, InputRange):
        return (calibration,)
    if isinstance(calibration, tuple) and calibration:
        ranges = tuple(each for each in calibration if isinstance(each, InputRange))
        return ranges if len(ranges) == len(calibration) else None
    return None


def _zeros(inputs: tuple[InputRange, ...]) -> Batch:
    return tuple(torch.zeros(1, *each.shape) for each in inputs)
