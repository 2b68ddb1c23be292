"""What the codes of weights can stand for, by name."""

from collections.abc import Callable

from torch import Tensor

from golden.quantize.scheme import WeightScheme
from golden.quantize.weight_quantizer import WeightQuantizer
from golden.quantize.weight_types.balanced import BalancedWeight
from golden.quantize.weight_types.dorefa import DorefaWeight
from golden.quantize.weight_types.trained_ternary import TrainedTernaryWeight
from golden.quantize.weight_types.uniform import UniformWeight

__all__ = ["WEIGHT_TYPES", "MakeWeightQuantizer"]

MakeWeightQuantizer = Callable[[Tensor, WeightScheme, Tensor], WeightQuantizer]
"""From the float weights, the scheme, and the smallest scale of each output channel with which its
bias fits the accumulator."""

WEIGHT_TYPES: dict[str, MakeWeightQuantizer] = {
    "symmetric": UniformWeight.fit,
    "asymmetric": UniformWeight.fit,
    "power_of_two": UniformWeight.fit,
    "dorefa": DorefaWeight.fit,
    "trained_ternary": TrainedTernaryWeight.fit,
    "balanced": BalancedWeight.fit,
}
