"""What every layer of a float network is, and what others ask of it.

Tensors are torch's own: (samples, channels, height, width) or (samples, features). A kind of layer
is one module of `golden.frontends.torch.operators`, which also has its translation from ATen and
the integer node that computes it. What others ask of a layer is a property here, so that none of
them has to know which kinds there are.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.limits import UNLIMITED, Range, within
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.graph import Node, Window
from bittrue.golden.graph.window import Pair
from bittrue.golden.numbers.arrays import Int64


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

    shares_scale: ClassVar[bool] = False
    """Whether it computes on codes as they are: inputs and output have one scale."""
    leaves_grid: ClassVar[bool] = False
    """Whether what it makes of values on the grid of one scale can lie beside it."""
    joins: ClassVar[bool] = False
    """Whether it joins tensors, each of which may come in a precision of its own."""
    treats_alike: ClassVar[bool] = False
    """Whether it treats features alike, whatever their order."""
    keeps_rows: ClassVar[bool] = False
    """Whether it computes each row of a matrix by itself, whatever its place."""
    changes_precision_only: ClassVar[bool] = False
    """Whether it returns its values under another scale or width."""
    fixes_scale: ClassVar[bool] = False
    """Whether the scale of its result is given: 0 to 1 over all codes."""

    @abstractmethod
    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""

    def to(self, dtype: torch.dtype) -> "Layer":
        """Return the layer computing in another floating-point type."""
        return self

    def lower(self, context: LoweringContext) -> Node:
        """Return the integer node that computes it.

        Raises
        ------
        UserError
            If there is none.
        """
        raise UserError("no integer node computes it")

    def lowered(self, context: LoweringContext) -> list[Node]:
        """Return the integer nodes that compute it, in order; the last one makes its output."""
        return [self.lower(context)]

    @property
    def quantizes_result(self) -> bool:
        """Whether what it computes from codes is not on their grid already."""
        return not self.shares_scale or self.leaves_grid

    @property
    def joins_rows(self) -> bool:
        """Whether it makes features of a matrix, whose rows are alike to it."""
        return False

    @property
    def treats_rows_alike(self) -> bool:
        """Whether matrices above each other are as good as one to it."""
        return self.treats_alike or self.keeps_rows

    @property
    def keeps_means(self) -> bool:
        """Whether the expected value of each channel stays."""
        return False

    @property
    def only_limits(self) -> Range | None:
        """The limits of a layer that does nothing but limit values; None for others."""
        return None

    @property
    def only_pads(self) -> tuple[Pair, Pair] | None:
        """The border of zeros, (rows, columns), of a layer that adds nothing else; else None."""
        return None

    def bordered(self, border: tuple[Pair, Pair]) -> "Layer | None":
        """Return the layer that reads an image without its border of zeros; None if there is none.

        Parameters
        ----------
        border : ((int, int), (int, int))
            Rows above and below, columns left and right.
        """
        return None

    @property
    def only_normalizes(self) -> "Normalization | None":
        """The normalization of a layer that does nothing else; None for others."""
        return None

    @property
    def result_statistics(self) -> "ChannelStatistics | None":
        """How its result is distributed before its activation; None where that is unknown."""
        return None

    def activated(self, values: Tensor) -> Tensor:
        """Return results after the layer's activation."""
        return values

    def limited(self, limits: Range) -> "Layer | None":
        """Return the layer with a clamp behind it as part of it; None if it can have none."""
        return None

    def normalized(self, normalization: "Normalization") -> "Layer | None":
        """Return the layer with normalization behind it beside its weights; None if it has none."""
        return None

    def folded(self, normalization: "Normalization") -> "Layer | None":
        """Return the layer with normalization behind it in its weights; None if it has none."""
        return None

    def standing_alone(self, shape: Shape) -> "Layer":
        """Return what the layer is where no other took it in; `shape` is that of its result."""
        return self

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """Return whether channels stay apart and are only scaled when their input is.

        Parameters
        ----------
        source : tuple of int
            Shape of its input.
        shifted : bool
            Whether what is added to a whole channel has to pass, too.
        """
        return False

    def feature_order(self, given: Sequence[Int64 | None], shapes: Sequence[Shape]) -> Int64 | None:
        """Return which of torch's features each feature of the graph is; None if the same.

        Parameters
        ----------
        given : sequence of ndarray or None
            The same of its inputs.
        shapes : sequence of tuple of int
            Of its inputs.
        """
        return given[0] if self.treats_alike else None


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
        return self.activated(self.unclamped(*inputs))

    def activated(self, values: Tensor) -> Tensor:
        """See `Layer.activated`."""
        return values.clamp(*self.clamp)

    @abstractmethod
    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""

    def limited(self, limits: Range) -> Layer:
        """See `Layer.limited`."""
        return replace(self, clamp=within(self.clamp, limits))


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

    channel_axis: ClassVar[int]
    """Where the channels of its result are, the batch counted; from the end if negative."""

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        product = self.product(inputs[0])
        return product if self.normalization is None else self.normalization.compute(product)

    def to(self, dtype: torch.dtype) -> Layer:
        """Return the layer computing in another floating-point type."""
        return replace(self, weight=self.weight.to(dtype), bias=self.bias.to(dtype))

    @abstractmethod
    def product(self, values: Tensor) -> Tensor:
        """Return the products of inputs and weights, summed, and the bias."""

    @property
    def result_statistics(self) -> ChannelStatistics | None:
        """See `Layer.result_statistics`."""
        return self.statistics if self.normalization is None else self.normalization.statistics

    @property
    def padding(self) -> tuple[Pair, Pair] | tuple[()]:
        """Zeros that it reads around its input: rows and columns; empty where there are none."""
        return ()

    def without_padding(self) -> "Matrix":
        """Return the layer reading no zeros around its input."""
        return self

    @property
    def zeros_between(self) -> bool:
        """Whether it reads zeros between the pixels of its input."""
        return False

    @abstractmethod
    def input_weights(self, channels: int) -> Tensor:
        """Return a view of weights as (channels, weights): those that multiply each input channel.

        Parameters
        ----------
        channels : int
            Of the input; a linear layer may have several features of each, one after the other.
        """

    @abstractmethod
    def scaled_inputs(self, factor: Tensor) -> "Matrix":
        """Return a layer whose weights for each input channel are multiplied."""

    @abstractmethod
    def response_to(self, weight: Tensor, means: Tensor) -> Tensor:
        """Return what weights make of inputs that are the same everywhere, without bias and border.

        Parameters
        ----------
        weight : Tensor
            Of the layer's shape.
        means : Tensor, shape (channels,)
            Value of each input channel.
        """

    def bare(self, weight: Tensor) -> "Matrix":
        """Return the layer with other weights, without bias and normalization."""
        bias = torch.zeros_like(self.bias)
        return replace(self, weight=weight, bias=bias, normalization=None)

    def normalized(self, normalization: Normalization) -> Layer | None:
        """Keep batch normalization beside the weights."""
        if self.normalization is not None:
            return None
        return replace(self, normalization=normalization)

    def folded(self, normalization: Normalization) -> Layer:
        """Fold ``scale * (weight x + bias) + offset`` into weight and bias."""
        scale, offset = normalization.scale, normalization.offset
        per_row = scale.reshape(-1, *[1] * (self.weight.ndim - 1))
        return replace(
            self,
            weight=(self.weight * per_row).to(torch.float32),
            bias=(self.bias * scale + offset).to(torch.float32),
            statistics=normalization.statistics,
        )


def padded(images: Tensor, window: Window, value: float) -> Tensor:
    """Return images with the border that a window reads."""
    (top, bottom), (left, right) = window.padding
    return functional.pad(images, (left, right, top, bottom), value=value)
