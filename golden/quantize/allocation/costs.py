"""What a layer costs at each width; tables that hardware makes have the same form."""

import math
from collections.abc import Mapping

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.quantize.allocation.problem import Bits

CostTable = Mapping[tuple[str, Bits], float]
"""By layer and by the bits of its weights and of the codes that it reads."""


def bit_operations(network: FloatNetwork, bits: Mapping[str, tuple[Bits, ...]]) -> CostTable:
    """Return ``multiply-accumulates * weight bits * input bits`` of every layer and option.

    As Z. Yao et al., "HAWQ-V3", ICML 2021, count them.
    """
    return {
        (layer.output, each): multiply_accumulates(layer, network) * each[0] * each[1]
        for layer in network.matrices
        for each in bits[layer.output]
    }


def weight_bytes(network: FloatNetwork, bits: Mapping[str, tuple[Bits, ...]]) -> CostTable:
    """Return bytes of the weights of every layer and option, packed without gaps."""
    return {
        (layer.output, each): layer.weight.numel() * each[0] / 8
        for layer in network.matrices
        for each in bits[layer.output]
    }


def multiply_accumulates(layer: Matrix, network: FloatNetwork) -> int:
    """Return the products of a layer for one sample, those in the padding included."""
    return math.prod(network.shapes[layer.output]) * layer.weight[0].numel()
