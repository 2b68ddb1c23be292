"""A small network for methods of quantization, and how they are judged."""

import torch
from torch import Tensor, nn

from bittrue.golden.quantize import QuantizedNetwork, Scheme, quantize
from bittrue.golden.quantize.agreement import compare_layers


def small_network(seed: int = 1) -> nn.Sequential:
    """Return two convolutions with batch normalization and a dense layer, for (n, 2, 6, 6)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Conv2d(4, 4, 3, stride=2),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16, 5),
        )
        for _ in range(20):  # Running statistics that belong to the samples.
            network.train()(torch.rand(64, 2, 6, 6))
        for layer in network:
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.weight, 0.5, 1.5)
                nn.init.uniform_(layer.bias, -0.5, 0.5)
    return network.eval()


def samples(number: int = 64, seed: int = 2) -> Tensor:
    """Return inputs of the small network, uniform from 0 to 1."""
    return torch.rand(number, 2, 6, 6, generator=torch.Generator().manual_seed(seed))


_quantized: dict[str, QuantizedNetwork] = {}


def quantized(scheme: Scheme) -> QuantizedNetwork:
    """Return the small network quantized with its samples; the same object for equal schemes."""
    key = repr(scheme)
    if key not in _quantized:
        _quantized[key] = quantize(small_network(), samples(), scheme)
    return _quantized[key]


def differing_codes(network: QuantizedNetwork, inputs: Tensor | None = None) -> int:
    """Return how many codes of all layers differ from fake quantization, alone and end to end."""
    inputs = samples(32, seed=3) if inputs is None else inputs
    layers = compare_layers(network.fake.eval(), network.graph, inputs)
    return sum(layer.differing + layer.end_to_end for layer in layers)
