"""A float network as a list of layers: what a torch module becomes before it is quantized.

Tensors are torch's own: (samples, channels, height, width) or (samples, features). Each kind of
layer has one counterpart among the integer nodes of `golden.graph`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from golden.graph import Window

Range = tuple[float, float]
"""Lowest and highest value, inclusive."""

UNLIMITED: Range = (-math.inf, math.inf)


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer(ABC):
    """One layer of a float network.

    Parameters
    ----------
    inputs : tuple of str
        Names of the tensors it reads.
    output : str
        Name of the tensor it makes, which also names the layer.
    """

    inputs: tuple[str, ...]
    output: str

    @abstractmethod
    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""

    def to(self, dtype: torch.dtype) -> "Layer":
        """Return the layer computing in another floating-point type."""
        return self


@dataclass(frozen=True, eq=False, kw_only=True)
class Scaled(Layer):
    """A layer whose result gets a scale of its own, so that a clamp can be part of it.

    Parameters
    ----------
    clamp : (float, float)
        Fused activation: relu is ``(0, inf)``.
    """

    clamp: Range = UNLIMITED

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer and its activation in floating point."""
        return self.unclamped(*inputs).clamp(*self.clamp)

    @abstractmethod
    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""


@dataclass(frozen=True, eq=False)
class Normalization:
    """Batch normalization over channels, in evaluation: ``(x - mean) / sqrt(variance + epsilon)``.

    Parameters
    ----------
    mean, variance : Tensor of float32, shape (channels,)
        Running statistics.
    weight, bias : Tensor of float32, shape (channels,)
        Applied afterwards.
    epsilon : float
    """

    mean: Tensor
    variance: Tensor
    weight: Tensor
    bias: Tensor
    epsilon: float

    @property
    def scale(self) -> Tensor:
        """What each channel is multiplied by, in float64."""
        return (self.variance.to(torch.float64) + self.epsilon).rsqrt() * self.weight

    @property
    def offset(self) -> Tensor:
        """What is added to each channel afterwards, in float64."""
        return self.bias - self.mean * self.scale

    @property
    def statistics(self) -> "ChannelStatistics":
        """Mean and standard deviation of each channel after the normalization."""
        return ChannelStatistics(self.bias, self.weight.abs())

    def compute(self, values: Tensor) -> Tensor:
        """Normalize values whose second dimension is the channels."""
        shape = (-1, *[1] * (values.ndim - 2))
        scale, offset = (each.to(values.dtype).reshape(shape) for each in (self.scale, self.offset))
        return values * scale + offset


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """How a layer's result is distributed before its activation, as batch normalization knows it.

    Parameters
    ----------
    mean, deviation : Tensor of float32, shape (channels,)
    """

    mean: Tensor
    deviation: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Matrix(Scaled):
    """What convolution and fully connected layers share.

    Parameters
    ----------
    weight : Tensor of float32
        As torch stores it, output channels first.
    bias : Tensor of float32, shape (output channels,)
    normalization : Normalization, optional
        Of the result, before the activation.
    statistics : ChannelStatistics, optional
        Of the result, from batch normalization that has been folded.
    """

    weight: Tensor
    bias: Tensor
    normalization: Normalization | None = None
    statistics: ChannelStatistics | None = None

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        product = self.product(inputs[0])
        return product if self.normalization is None else self.normalization.compute(product)

    def to(self, dtype: torch.dtype) -> "Layer":
        """Return the layer computing in another floating-point type."""
        return replace(self, weight=self.weight.to(dtype), bias=self.bias.to(dtype))

    @abstractmethod
    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(Matrix):
    """Two-dimensional convolution with zero padding.

    Parameters
    ----------
    weight : Tensor, shape (output channels, input channels / groups, height, width)
    window : Window
    groups : int
    """

    window: Window
    groups: int = 1

    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""
        return functional.conv2d(
            _padded(values, self.window, 0.0),
            self.weight,
            self.bias,
            self.window.stride,
            dilation=self.window.dilation,
            groups=self.groups,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(Matrix):
    """A matrix applied to the last dimension; weight of shape (outputs, inputs)."""

    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""
        return functional.linear(values, self.weight, self.bias)


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNorm(Layer):
    """Batch normalization that no other layer has taken in.

    Parameters
    ----------
    normalization : Normalization
    """

    normalization: Normalization

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return self.normalization.compute(inputs[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Scaled):
    """Sum of two tensors, or their difference."""

    subtract: bool = False

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        return inputs[0] - inputs[1] if self.subtract else inputs[0] + inputs[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(Scaled):
    """Product of two tensors, element by element."""

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        return inputs[0] * inputs[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPool(Scaled):
    """Sum of each window divided by a constant: an average that counts padding as zeros.

    Parameters
    ----------
    window : Window
    divisor : int
    """

    window: Window
    divisor: int

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        padded = _padded(inputs[0], self.window, 0.0)
        return functional.avg_pool2d(
            padded, self.window.size, self.window.stride, divisor_override=self.divisor
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(Scaled):
    """Mean over whole dimensions; global average pooling.

    Parameters
    ----------
    dimensions : tuple of int
        Ascending, not counting the batch.
    keep_dimensions : bool
    """

    dimensions: tuple[int, ...]
    keep_dimensions: bool

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        dimensions = [dimension + 1 for dimension in self.dimensions]
        return inputs[0].mean(dim=dimensions, keepdim=self.keep_dimensions)


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragePool(Layer):
    """Average of each window over the taps inside the input."""

    window: Window

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        ones = torch.ones_like(inputs[0])
        total, taps = (
            functional.avg_pool2d(
                _padded(values, self.window, 0.0),
                self.window.size,
                self.window.stride,
                divisor_override=1,
            )
            for values in (inputs[0], ones)
        )
        return total / taps


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Layer):
    """Largest value of each window."""

    window: Window

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        padded = _padded(inputs[0], self.window, -math.inf)
        window = self.window
        return functional.max_pool2d(padded, window.size, window.stride, 0, window.dilation)


@dataclass(frozen=True, eq=False, kw_only=True)
class Clamp(Layer):
    """Values limited to a range, where no other layer can do it."""

    limits: Range

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return inputs[0].clamp(*self.limits)


@dataclass(frozen=True, eq=False, kw_only=True)
class Convert(Scaled):
    """The same values under a scale and width of their own: a conversion between precisions."""

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Return the values."""
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pointwise(Layer):
    """Any function of one value: sigmoid, hard-swish, a product with a constant."""

    function: Callable[[Tensor], Tensor]

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return self.function(inputs[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Layer):
    """Tensors joined along a dimension, counted without the batch."""

    dimension: int

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.cat(inputs, dim=self.dimension + 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Layer):
    """A border of one value around an image: rows above and below, columns left and right."""

    padding: tuple[tuple[int, int], tuple[int, int]]
    value: float

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        (top, bottom), (left, right) = self.padding
        return functional.pad(inputs[0], (left, right, top, bottom), value=self.value)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Layer):
    """The same values in the same order; shape without the batch."""

    shape: tuple[int, ...]

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Layer):
    """Softmax over the features, or over the channels of an image."""

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.softmax(inputs[0], dim=1)


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers in order of execution.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Names of tensors.
    layers : tuple of Layer
        Each after those whose outputs it reads.
    shapes : mapping of str to tuple of int
        Of every tensor, without the batch.
    """

    inputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]

    def run(self, *inputs: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Compute a batch and yield every tensor by name, inputs first."""
        tensors = dict(zip(self.inputs, inputs, strict=True))
        yield from tensors.items()
        with torch.no_grad():
            for layer in self.layers:
                result = layer.compute(*(tensors[name] for name in layer.inputs))
                tensors[layer.output] = result
                yield layer.output, result

    def to(self, dtype: torch.dtype) -> "FloatNetwork":
        """Return the network computing in another floating-point type."""
        return replace(self, layers=tuple(layer.to(dtype) for layer in self.layers))

    def consumers(self, name: str) -> tuple[Layer, ...]:
        """Return the layers that read a tensor."""
        return tuple(layer for layer in self.layers if name in layer.inputs)


def _padded(images: Tensor, window: Window, value: float) -> Tensor:
    (top, bottom), (left, right) = window.padding
    return functional.pad(images, (left, right, top, bottom), value=value)
