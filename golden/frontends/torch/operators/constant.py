"""Constants of many values beside a computed tensor: embeddings of positions, gains of features."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.fx import Node

from bittrue.golden import graph
from bittrue.golden.codes.conversion import QuantizeRounding, quantized
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call
from bittrue.golden.graph.constant import Constant as ConstantNode

_TAKING = frozenset(("add", "maximum", "minimum", "mul", "sub"))
"""Operators whose layers take a constant as one of two tensors."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Constant(Layer):
    """A tensor that is the same for every sample, quantized as what is computed is.

    Parameters
    ----------
    inputs : tuple of one str
        Any tensor, of which only the number of samples counts.
    values : Tensor
        Without the batch, of as many dimensions as what it meets.
    """

    values: Tensor

    def compute(self, *inputs: Tensor) -> Tensor:
        """Return the values for every sample."""
        return self.values.to(inputs[0].dtype).expand(len(inputs[0]), *self.values.shape)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`: values are rounded to codes."""
        mapping = context.map(self.output)
        codes = quantized(self.values, mapping, QuantizeRounding.HALF_AWAY).numpy()
        values = codes.transpose(1, 2, 0) if codes.ndim == 3 else codes
        return ConstantNode(inputs=(), output=self.output, values=values, type=mapping.type)


def spread_constant(call: Call, shape: Shape) -> tuple[Node, Tensor] | None:
    """Return a constant operand that is more than a number for all or for each channel.

    Parameters
    ----------
    call : Call
    shape : tuple of int
        Torch's shape of the computed operand, without the batch.

    Returns
    -------
    (Node, Tensor) or None
        The operand, and its values without the batch, of as many dimensions as `shape`.

    Raises
    ------
    UserError
        If it differs from sample to sample, makes the result larger, or is not finite.
    """
    if call.operator not in _TAKING:
        return None
    operands = (call.arguments["self"], call.arguments["other"])
    constants = [each for each in operands if not call.computes(each)]
    if len(constants) != 1 or not isinstance(constants[0], Node):
        return None
    (constant,) = constants
    values = call.constant(constant)
    aligned = values.reshape((1,) * (1 + len(shape) - values.ndim) + tuple(values.shape))
    channels = (1, shape[0], *(1,) * (len(shape) - 1))
    per_channel = tuple(aligned.shape) == channels and (len(shape) != 2 or call.line)
    if values.numel() == 1 or per_channel:
        return None
    if not torch.equal(aligned, aligned[:1].expand_as(aligned)):
        raise call.refusal("has a constant that differs from sample to sample; allowed: one")
    if any(size not in (1, whole) for size, whole in zip(aligned.shape[1:], shape, strict=True)):
        raise call.refusal(
            f"has a constant of shape {tuple(values.shape)} beside {shape}; allowed: one that is "
            "repeated to it"
        )
    if not values.isfinite().all():
        raise call.refusal("has a constant with infinite values; allowed: finite ones")
    return constant, aligned[0]
