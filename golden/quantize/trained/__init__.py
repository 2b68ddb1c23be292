"""Quantizers whose ranges change in training, by the name of the range."""

from collections.abc import Callable

from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.ranges import Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.trained.lsq import LsqActivation, LsqWeight
from bittrue.golden.quantize.trained.observed import MovingRangeActivation, min_max_weight
from bittrue.golden.quantize.trained.pact import PactActivation
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types.uniform import UniformWeight

__all__ = ["LEARNED", "OBSERVED", "OF_ACTIVATIONS", "TRAINED_ACTIVATIONS", "TRAINED_WEIGHTS"]

TRAINED_WEIGHTS: dict[str, Callable[[UniformWeight, WeightScheme], WeightQuantizer]] = {
    "min_max": min_max_weight,
    "lsq": LsqWeight,
}
"""Each made from a quantizer with the scales that training starts from; other ranges stay."""

TRAINED_ACTIVATIONS: dict[str, Callable[[QuantType, Grid], ActivationQuantizer]] = {
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
