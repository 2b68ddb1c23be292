"""Batch normalization, which other layers take in, or which becomes one with weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Layer, Normalization
from bittrue.golden.frontends.torch.operators.convolution import scaling
from bittrue.golden.frontends.torch.operators.fully_connected import diagonal
from bittrue.golden.frontends.torch.translation import Call, translates


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

    @property
    def only_normalizes(self) -> Normalization:
        """See `Layer.only_normalizes`."""
        return self.normalization

    def standing_alone(self, shape: Shape) -> Layer:
        """Return a layer with one weight for each channel."""
        scale = self.normalization.scale.to(torch.float32)
        offset = self.normalization.offset.to(torch.float32)
        make = diagonal if len(shape) == 1 else scaling
        return make(self.inputs, self.output, scale, offset)


@translates("_native_batch_norm_legit_no_training")
def _batch_norm(call: Call, output: str) -> Layer:
    arguments = call.arguments
    mean, variance = (call.constant(arguments[name]) for name in ("running_mean", "running_var"))
    weight, bias = (
        torch.full_like(mean, usual) if arguments[name] is None else call.constant(arguments[name])
        for name, usual in (("weight", 1.0), ("bias", 0.0))
    )
    normalization = Normalization(mean, variance, weight, bias, float(arguments["eps"]))
    return BatchNorm(inputs=call.inputs, output=output, normalization=normalization)
