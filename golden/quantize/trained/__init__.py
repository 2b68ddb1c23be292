"""Quantizers whose ranges change in training, by the name of the range."""

from collections.abc import Callable

from golden.codes.affine import AffineMap
from golden.quantize.activation_quantizer import ActivationQuantizer
from golden.quantize.ranges import Grid
from golden.quantize.scheme import WeightScheme
from golden.quantize.trained.lsq import LsqActivation, LsqWeight
from golden.quantize.trained.observed import MovingRangeActivation, min_max_weight
from golden.quantize.trained.pact import PactActivation
from golden.quantize.weight_quantizer import WeightQuantizer
from golden.quantize.weight_types.uniform import UniformWeight

__all__ = ["LEARNED", "OBSERVED", "OF_ACTIVATIONS", "TRAINED_ACTIVATIONS", "TRAINED_WEIGHTS"]

TRAINED_WEIGHTS: dict[str, Callable[[UniformWeight, WeightScheme], WeightQuantizer]] = {
    "min_max": min_max_weight,
    "lsq": LsqWeight,
}
"""Each made from a quantizer with the scales that training starts from; other ranges stay."""

TRAINED_ACTIVATIONS: dict[str, Callable[[AffineMap, Grid], ActivationQuantizer]] = {
    "min_max": MovingRangeActivation,
    "moving_average": MovingRangeActivation,
    "lsq": LsqActivation,
    "pact": PactActivation,
}
"""Each made from the codes that training starts from, and how codes follow from a range."""

LEARNED = ("lsq", "pact", "dorefa")
"""Ranges that have no meaning without training."""

OBSERVED = ("min_max", "moving_average")
"""Ranges that follow the values; those of a network's inputs do not change."""

OF_ACTIVATIONS = ("pact", "dorefa")
"""Ranges that weights do not have."""
