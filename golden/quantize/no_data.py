"""Quantization without data: what batch normalization says of the values.

M. Nagel, M. van Baalen, T. Blankevoort, M. Welling, "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019, section 5.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import ChannelStatistics, Matrix
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.distribution import Distribution, StreamingDistribution

_SIGMAS = 6.0
"""Standard deviations to which normal values reach, as in the paper."""

_SYNTHESIS_RATE, _SYNTHESIS_STEPS = 0.1, 200
_LEAST_VARIANCE = 1e-12

_SAMPLES = 64
_ELEMENTS = 1 << 22
"""Values of the largest tensor at most, which bounds the memory."""


@dataclass(frozen=True)
class InputRange:
    """What is known of an input for which there is no data.

    Parameters
    ----------
    shape : tuple of int
        Of one sample, without the batch.
    low, high : float
        Every value is within.
    """

    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.shape or any(size < 1 for size in self.shape):
            raise UserError(f"shape is {self.shape}; allowed: one size or more, each 1 or more")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UserError(
                f"low and high are {self.low} and {self.high}; allowed: finite and ascending"
            )

    def uniform(self, samples: int, generator: torch.Generator) -> Tensor:
        """Return samples with values spread evenly over the range, both ends included."""
        shares = torch.linspace(0, 1, samples * math.prod(self.shape))
        order = torch.randperm(len(shares), generator=generator)
        values = self.low + (self.high - self.low) * shares[order]
        return values.reshape(samples, *self.shape)


def expected_distributions(
    network: FloatNetwork, inputs: tuple[InputRange, ...]
) -> dict[str, Distribution]:
    """Return the distribution of every tensor as batch normalization describes it.

    Layers followed by batch normalization have normal values with its mean and deviation, out to 6
    deviations, cut by the activation, so that the extremes are those of the paper's data-free
    ranges. All other layers compute on such values, taken as independent.
    """
    seen = {name: StreamingDistribution() for name in network.shapes}
    for name, values in _expected_run(network, inputs):
        seen[name].observe(values)
    return {name: each.result() for name, each in seen.items()}


def _expected_run(
    network: FloatNetwork, inputs: tuple[InputRange, ...]
) -> Iterator[tuple[str, Tensor]]:
    largest = max(math.prod(shape) for shape in network.shapes.values())
    samples = max(1, min(_SAMPLES, _ELEMENTS // largest))
    generator = torch.Generator().manual_seed(1)
    tensors = {
        name: each.uniform(samples, generator)
        for name, each in zip(network.inputs, inputs, strict=True)
    }
    yield from tensors.items()
    for layer in network.layers:
        statistics = layer.result_statistics
        if statistics is None:
            values = layer.compute(*(tensors[name] for name in layer.inputs))
        else:
            shape = (samples, *network.shapes[layer.output])
            values = layer.activated(_normal(statistics, shape, generator))
        tensors[layer.output] = values
        yield layer.output, values


def _normal(
    statistics: ChannelStatistics, shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """Return values of which each channel's are evenly spaced quantiles, in random order."""
    samples, channels, *size = shape
    number = samples * math.prod(size)
    end = torch.special.ndtr(torch.tensor(_SIGMAS, dtype=torch.float64))
    quantiles = torch.special.ndtri(torch.linspace(float(1 - end), float(end), number).double())
    quantiles[0], quantiles[-1] = -_SIGMAS, _SIGMAS
    order = torch.rand(channels, number, generator=generator).argsort(dim=1)
    values = quantiles.float()[order] * statistics.deviation[:, None] + statistics.mean[:, None]
    return values.reshape(channels, samples, *size).transpose(0, 1)


@torch.enable_grad()
def synthesize(
    network: FloatNetwork, inputs: tuple[InputRange, ...], samples: int, seed: int
) -> Batch:
    """Return inputs with which layers have the mean and deviation that batch normalization knows.

        minimize sum over layers |mean - expected mean|**2 + |deviation - expected deviation|**2

    by Adam, from values spread evenly over each input's range, which they stay within. Y. Cai et
    al., "ZeroQ: A Novel Zero Shot Quantization Framework", CVPR 2020, section 3.1. Without batch
    normalization the values stay as they start.
    """
    generator = torch.Generator().manual_seed(seed)
    starts = [each.uniform(samples, generator) for each in inputs]
    logits = [
        torch.logit((values - each.low) / (each.high - each.low), eps=0.01).requires_grad_()
        for values, each in zip(starts, inputs, strict=True)
    ]

    def current() -> Batch:
        return tuple(
            each.low + (each.high - each.low) * torch.sigmoid(logit)
            for logit, each in zip(logits, inputs, strict=True)
        )

    optimizer = torch.optim.Adam(logits, _SYNTHESIS_RATE)
    for _ in range(_SYNTHESIS_STEPS):
        loss = statistics_error(network, current())
        if not loss.requires_grad:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tuple(values.detach() for values in current())


class SyntheticData:
    """One batch of synthetic inputs, made when it is first read.

    Parameters
    ----------
    network : FloatNetwork
    inputs : tuple of InputRange
    samples, seed : int
    """

    def __init__(
        self, network: FloatNetwork, inputs: tuple[InputRange, ...], samples: int, seed: int
    ) -> None:
        self._network, self._inputs = network, inputs
        self._samples, self._seed = samples, seed

    def __iter__(self) -> Iterator[Batch]:
        yield self._batch

    @cached_property
    def _batch(self) -> Batch:
        return synthesize(self._network, self._inputs, self._samples, self._seed)


def statistics_error(network: FloatNetwork, batch: Batch) -> Tensor:
    """Return how far the layers' results are from the statistics of batch normalization."""
    tensors = dict(zip(network.inputs, batch, strict=True))
    error = torch.zeros(())
    for layer in network.layers:
        inputs = [tensors[name] for name in layer.inputs]
        if isinstance(layer, Matrix):
            result = layer.unclamped(*inputs)
            if layer.statistics is not None:
                rows = result.transpose(0, 1).flatten(1)
                # The root of a variance of zero has no gradient.
                deviations = rows.var(dim=1, correction=0).clamp(min=_LEAST_VARIANCE).sqrt()
                error = error + (rows.mean(dim=1) - layer.statistics.mean).square().sum()
                error = error + (deviations - layer.statistics.deviation).square().sum()
            tensors[layer.output] = result.clamp(*layer.clamp)
        else:
            tensors[layer.output] = layer.compute(*inputs)
    return error
