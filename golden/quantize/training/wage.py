"""Training in integers: weights, activations, gradients and errors of few bits.

S. Wu, G. Li, F. Chen, L. Shi, "Training and Inference with Integers in Deep Neural Networks"
(WAGE), ICLR 2018. Values of `bits` are multiples of ``2**(1 - bits)`` between -1 and +1, exclusive:

    weights         Q(W, 2) forwards; the W that is trained has 8 bits
    activations     Q(x / alpha, 8), alpha the power of two that keeps their size (equation 7)
    errors          Q(e / shift(max |e|), 8) on their way back (equation 9)
    gradients       rate * g / shift(max |g|), rounded stochastically to steps of W (10 to 12)

with ``shift(x) = 2**round(log2(x))``; no batch normalization, no bias, no momentum. The products
here are computed in float32, which holds all of these values exactly.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.quantize.activation_quantizer import UniformActivation
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.quantized_network import lower_fake
from bittrue.golden.quantize.scheme import Scheme
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_types.uniform import UniformWeight

WEIGHT_BITS, STORED_BITS, ACTIVATION_BITS, ERROR_BITS = 2, 8, 8, 8

_SMALLEST_LIMIT = 1.5 * 2.0 ** (1 - WEIGHT_BITS)
"""Weights start at least this large, so that not all of them round to zero; equation 6."""


def step_of(bits: int) -> float:
    """Return the distance of neighbouring values."""
    return 2.0 ** (1 - bits)


def shift(values: Tensor) -> Tensor:
    """Return the power of two nearest to the largest magnitude, in the exponent; equation 2."""
    largest = values.abs().amax().clamp_min(torch.finfo(torch.float32).tiny)
    return torch.ldexp(torch.ones(()), largest.log2().round())


def quantized(values: Tensor, bits: int) -> Tensor:
    """Return values rounded and clipped to a number of bits; equation 5."""
    step = step_of(bits)
    return (values / step).round().mul(step).clamp(-1 + step, 1 - step)


class _Activation(torch.autograd.Function):
    """Quantizes activations forwards and errors backwards."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values.abs() < 1)
        return quantized(values, ACTIVATION_BITS)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (inside,) = ctx.saved_tensors
        (error,) = gradients
        result: Tensor = quantized(error / shift(error), ERROR_BITS) * inside
        return result


class WageLayer(nn.Module):
    """A convolution or linear layer with ternary weights, ReLU and quantized activations.

    Parameters
    ----------
    layer : Conv2d or Linear
        Without bias; its weights are initialised anew.
    relu : bool
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear, relu: bool = True) -> None:
        super().__init__()
        self.layer, self.relu = layer, relu
        wanted = math.sqrt(6 / layer.weight[0].numel())
        limit = max(wanted, _SMALLEST_LIMIT)
        self.alpha = max(2.0 ** round(math.log2(_SMALLEST_LIMIT / wanted)), 1.0)
        with torch.no_grad():
            layer.weight.uniform_(-limit, limit)
            layer.weight.copy_(quantized(layer.weight, STORED_BITS))

    @property
    def ternary(self) -> Tensor:
        """The weights that multiply: -0.5, 0 and +0.5."""
        return quantized(self.layer.weight.detach(), WEIGHT_BITS)

    def forward(self, values: Tensor) -> Tensor:
        """Return activations; gradients of weights pass straight through their rounding."""
        weight = through(self.ternary, self.layer.weight)
        result = torch.func.functional_call(self.layer, {"weight": weight}, (values,)) / self.alpha
        quantized_result: Tensor = _Activation.apply(result.relu() if self.relu else result)
        return quantized_result


@torch.no_grad()
def update(network: nn.Module, rate: float) -> None:
    """Change the weights of every layer by whole steps, at random where the gradient is smaller."""
    step = step_of(STORED_BITS)
    for layer in network.modules():
        if isinstance(layer, WageLayer):
            weight = layer.layer.weight
            assert weight.grad is not None
            scaled = rate * weight.grad / shift(weight.grad)
            steps = (scaled.abs() + torch.rand_like(scaled)).floor() * scaled.sign()
            weight.sub_(steps * step).clamp_(-1 + step, 1 - step)


def lower_wage(network: nn.Sequential, sample: Tensor) -> Graph:
    """Return the integer graph of a trained network.

    Parameters
    ----------
    network : Sequential
        `WageLayer` and layers without weights.
    sample : Tensor
        An input, of values of 8 bits.
    """
    plain = nn.Sequential()
    for name, part in network.named_children():
        if not isinstance(part, WageLayer):
            plain.add_module(name, part)
            continue
        plain.add_module(name, part.layer)
        if part.relu:
            plain.add_module(f"{name}_relu", nn.ReLU())
    layers = {name: part for name, part in network.named_children() if isinstance(part, WageLayer)}
    traced = simplify(trace(plain, (sample,)))
    activation = UniformActivation(
        QuantType.affine(IntegerType(ACTIVATION_BITS, True), step_of(ACTIVATION_BITS), narrow=True)
    )
    weights = {}
    for layer in traced.matrices:
        scale = torch.full((len(layer.weight),), step_of(WEIGHT_BITS))
        weights[layer.output] = UniformWeight(scale, IntegerType(WEIGHT_BITS, True))
    fake = FakeQuantizedNetwork(traced, dict.fromkeys(traced.shapes, activation), weights)
    for name, matrix in fake.matrices.items():
        matrix.quantizer.get_buffer("scale").div_(layers[name].alpha)
        with torch.no_grad():
            matrix.weight.div_(layers[name].alpha)
    # Scales are powers of two, so that this rounding in fixed point is that of the activations.
    return lower_fake(fake.eval(), Scheme(requantization=Rounding.SINGLE_HALF_EVEN.value))
