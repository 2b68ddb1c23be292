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
from bittrue.golden.numbers.quantization import QuantType

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
        return constant_node(self.values, context.map(self.output), self.output)


def constant_node(values: Tensor, mapping: QuantType, name: str) -> ConstantNode:
    """Return the node of a constant in torch's order, without the batch, rounded to codes."""
    codes = quantized(values, mapping, QuantizeRounding.HALF_AWAY).numpy()
    arranged = codes.transpose(1, 2, 0) if codes.ndim == 3 else codes
    return ConstantNode(inputs=(), output=name, values=arranged, type=mapping.type)


def of_every_sample(call: Call, constant: Tensor) -> Tensor:
    """Return a constant without its batch.

    Raises
    ------
    UserError
        If it differs from sample to sample.
    """
    if not torch.equal(constant, constant[:1].expand_as(constant)):
        raise call.refusal("has a constant that differs from sample to sample; allowed: one")
    return constant[0]


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
    alone = of_every_sample(call, aligned)
    if any(size not in (1, whole) for size, whole in zip(alone.shape, shape, strict=True)):
        raise call.refusal(
            f"has a constant of shape {tuple(values.shape)} beside {shape}; allowed: one that is "
            "repeated to it"
        )
    if not values.isfinite().all():
        raise call.refusal("has a constant with infinite values; allowed: finite ones")
    return constant, alone
