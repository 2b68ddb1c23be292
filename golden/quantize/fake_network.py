"""A network quantized in floating point, for training and for proof."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.frontends.torch.layer import Layer, Matrix, Normalization
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.quantizer import Quantizer
from bittrue.golden.quantize.training.gradients import with_gradient_bits
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer


class FakeQuantizedMatrix(nn.Module):
    """A convolution or linear layer with a weight quantizer and, in training, batch statistics.

    Parameters
    ----------
    layer : Matrix
        Its weight, bias and normalization become parameters.
    quantizer : WeightQuantizer

    Attributes
    ----------
    momentum : float
        Share of a batch in the running statistics.
    gradient_bits : int, optional
        Bits of the gradient that flows back into the layer; None leaves it in floating point.
    """

    momentum = 0.1
    gradient_bits: int | None = None

    def __init__(self, layer: Matrix, quantizer: WeightQuantizer) -> None:
        super().__init__()
        self.layer, self.quantizer = layer, quantizer
        self.weight = nn.Parameter(layer.weight.clone())
        self.bias = nn.Parameter(layer.bias.clone())
        self.normalized = layer.normalization is not None
        if layer.normalization is not None:
            self.norm_weight = nn.Parameter(layer.normalization.weight.clone())
            self.norm_bias = nn.Parameter(layer.normalization.bias.clone())
            self.register_buffer("mean", layer.normalization.mean.clone())
            self.register_buffer("variance", layer.normalization.variance.clone())

    @property
    def normalization(self) -> Normalization | None:
        """Batch normalization as it is now."""
        if self.layer.normalization is None:
            return None
        return Normalization(
            self.get_buffer("mean"),
            self.get_buffer("variance"),
            self.norm_weight,
            self.norm_bias,
            self.layer.normalization.epsilon,
        )

    def forward(self, values: Tensor) -> Tensor:
        """Compute the layer with quantized weights, and its activation."""
        layer = self._layer(self.quantizer(self.weight), self.bias, self.normalization)
        if not self.training:
            return layer.compute(values)
        product = layer.product(values)
        if self.gradient_bits is not None:
            product = with_gradient_bits(product, self.gradient_bits)
        normalization = layer.normalization
        if normalization is not None:
            product = functional.batch_norm(
                product,
                normalization.mean,
                normalization.variance,
                normalization.weight,
                normalization.bias,
                training=True,
                momentum=self.momentum,
                eps=normalization.epsilon,
            )
        return product.clamp(*self.layer.clamp)

    def current(self) -> Matrix:
        """Return the float layer with the weights as they are now."""
        normalization = self.normalization
        if normalization is not None:
            normalization = replace(
                normalization,
                weight=normalization.weight.detach(),
                bias=normalization.bias.detach(),
            )
        return self._layer(self.weight.detach(), self.bias.detach(), normalization)

    def quantized(self) -> Matrix:
        """Return the float layer with quantized weights."""
        with torch.no_grad():
            return replace(self.current(), weight=self.quantizer(self.weight))

    def shift(self, amount: Tensor) -> None:
        """Add to every channel's result, in place."""
        bias = self.norm_bias if self.normalized else self.bias
        with torch.no_grad():
            bias.add_(amount.to(bias.dtype))

    def integers(self) -> IntegerWeight:
        """Return the quantized weights as integers."""
        return self.quantizer.integers(self.weight)

    def _layer(self, weight: Tensor, bias: Tensor, normalization: Normalization | None) -> Matrix:
        return replace(self.layer, weight=weight, bias=bias, normalization=normalization)


class FakeQuantizedNetwork(nn.Module):
    """A float network with a quantizer on every tensor that gets codes of its own.

    Parameters
    ----------
    network : FloatNetwork
    activations : mapping of str to ActivationQuantizer
        By tensor; tensors that share a scale share the quantizer.
    weights : mapping of str to WeightQuantizer
        By the name of a convolution or linear layer.
    """

    def __init__(
        self,
        network: FloatNetwork,
        activations: Mapping[str, ActivationQuantizer],
        weights: Mapping[str, WeightQuantizer],
    ) -> None:
        super().__init__()
        self.network = network
        quantizers = list(dict.fromkeys(activations.values()))
        self._numbers = {name: quantizers.index(each) for name, each in activations.items()}
        self.activation_quantizers = nn.ModuleList(quantizers)
        self._matrices = {layer.output: number for number, layer in enumerate(network.matrices)}
        self.matrix_layers = nn.ModuleList(
            FakeQuantizedMatrix(layer, weights[layer.output]) for layer in network.matrices
        )

    def activation(self, name: str) -> ActivationQuantizer:
        """Return the quantizer of a tensor."""
        quantizer = self.activation_quantizers[self._numbers[name]]
        assert isinstance(quantizer, ActivationQuantizer)
        return quantizer

    @property
    def matrices(self) -> dict[str, FakeQuantizedMatrix]:
        """The layers with weights, by name."""
        return {name: self._matrix(name) for name in self._matrices}

    @property
    def quantizers(self) -> Iterator[Quantizer]:
        """Every quantizer, of activations and of weights."""
        return (each for each in self.modules() if isinstance(each, Quantizer))

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return the outputs, as the module that was quantized does."""
        tensors = dict(self.run(*inputs))
        outputs = tuple(tensors[name] for name in self.network.outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, *inputs: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Compute a batch and yield every tensor by name, inputs first."""
        tensors: dict[str, Tensor] = {}
        for name, values in zip(self.network.inputs, inputs, strict=True):
            tensors[name] = self.activation(name)(values)
            yield name, tensors[name]
        for layer in self.network.layers:
            result = self.compute(layer, *(tensors[name] for name in layer.inputs))
            tensors[layer.output] = result
            yield layer.output, result

    def compute(self, layer: Layer, *inputs: Tensor) -> Tensor:
        """Compute one layer from quantized inputs and quantize its result."""
        if layer.output in self._matrices:
            result = self._matrix(layer.output)(*inputs)
        else:
            result = layer.compute(*inputs)
        return self.activation(layer.output)(result) if layer.quantizes_result else result

    def current(self) -> FloatNetwork:
        """Return the float network with the weights as they are now."""
        layers = tuple(
            self._matrix(layer.output).current() if layer.output in self._matrices else layer
            for layer in self.network.layers
        )
        return replace(self.network, layers=layers)

    def _matrix(self, name: str) -> FakeQuantizedMatrix:
        matrix = self.matrix_layers[self._matrices[name]]
        assert isinstance(matrix, FakeQuantizedMatrix)
        return matrix
