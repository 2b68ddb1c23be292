"""What the codes of weights can stand for, by name."""

from collections.abc import Callable

from torch import Tensor

from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types.balanced import BalancedWeight
from bittrue.golden.quantize.weight_types.binary import BinaryWeight
from bittrue.golden.quantize.weight_types.codebook import codebook
from bittrue.golden.quantize.weight_types.dorefa import DorefaWeight
from bittrue.golden.quantize.weight_types.group import GroupWeight
from bittrue.golden.quantize.weight_types.logarithmic import logarithmic
from bittrue.golden.quantize.weight_types.scaled_binaries import scaled_binaries
from bittrue.golden.quantize.weight_types.ternary import TernaryWeight
from bittrue.golden.quantize.weight_types.trained_ternary import TrainedTernaryWeight
from bittrue.golden.quantize.weight_types.uniform import UniformWeight

__all__ = ["WEIGHT_TYPES", "MakeWeightQuantizer"]

MakeWeightQuantizer = Callable[[Tensor, WeightScheme, Tensor], WeightQuantizer]
"""From the float weights, the scheme, and the smallest scale of each output channel with which its
bias fits the accumulator."""


def _in_equal_steps(weight: Tensor, scheme: WeightScheme, smallest: Tensor) -> WeightQuantizer:
    kind = GroupWeight if scheme.granularity == "group" else UniformWeight
    return kind.fit(weight, scheme, smallest)


WEIGHT_TYPES: dict[str, MakeWeightQuantizer] = {
    "symmetric": _in_equal_steps,
    "asymmetric": UniformWeight.fit,
    "power_of_two": _in_equal_steps,
    "binary": BinaryWeight.fit,
    "ternary": TernaryWeight.fit,
    "logarithmic": logarithmic,
    "codebook": codebook,
    "scaled_binaries": scaled_binaries,
    "balanced": BalancedWeight.fit,
    "dorefa": DorefaWeight.fit,
    "trained_ternary": TrainedTernaryWeight.fit,
}
