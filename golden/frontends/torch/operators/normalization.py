"""Layer, group, instance and root-mean-square normalization: statistics of the sample itself."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import (
    Shape,
    channels_last,
    channels_last_axis,
)
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.lowering.normalization import Given, normalization
from bittrue.golden.numbers.arrays import Float64


@dataclass(frozen=True, eq=False, kw_only=True)
class SampleNorm(Layer):
    """``(x - mean) / sqrt(variance + epsilon) * weight + bias`` over dimensions of each sample.

    Parameters
    ----------
    dimensions : tuple of int
        That mean and variance are over, ascending, without the batch.
    epsilon : float
    weight, bias : Tensor or None
        Of a shape that broadcasts against the input without its batch.
    centered : bool
        Whether the mean is subtracted.
    groups : int
        Channels that follow each other are normalized together, so many groups of them; 1 where
        `dimensions` say all.
    """

    dimensions: tuple[int, ...]
    epsilon: float
    weight: Tensor | None = None
    bias: Tensor | None = None
    centered: bool = True
    groups: int = 1

    @property
    def treats_rows_alike(self) -> bool:
        """See `Layer.treats_rows_alike`."""
        return self.dimensions == (1,)  # Of matrices, which is what it is asked for.

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        (values,) = inputs
        shape = values.shape
        if self.groups > 1:
            values = values.reshape(len(values), self.groups, -1)
        dimensions = [2] if self.groups > 1 else [dimension + 1 for dimension in self.dimensions]
        if self.centered:
            values = values - values.mean(dimensions, keepdim=True)
        variance = values.square().mean(dimensions, keepdim=True)
        result = (values * (variance + self.epsilon).rsqrt()).reshape(shape)
        if self.weight is not None:
            result = result * self.weight.to(result.dtype)
        return result if self.bias is None else result + self.bias.to(result.dtype)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        context.refuse_order(self.inputs)
        (source,) = self.inputs
        kind = context.tensors[source].type
        if kind.width > 8:
            raise UserError(f"its input is {kind}; allowed: up to 8 bits")
        rank = len(context.shapes[source])
        whole = shape = channels_last(context.shapes[source])
        axes = tuple(sorted(channels_last_axis(axis, rank) for axis in self.dimensions))
        before: list[graph.Node] = []
        if self.groups > 1:
            shape = self._grouped(whole)
            group = channels_last_axis(0, rank)
            axes = tuple(axis for axis in range(len(shape)) if axis != group)
            apart = Reshape(inputs=(source,), output=f"{self.output}/groups", shape=shape)
            before.append(apart)
            context.define(apart)
        made = normalization(
            Given(
                before[0].output if before else source,
                shape,
                context.encoding(source),
                context.scale(source),
            ),
            axes,
            self.epsilon,
            self._arranged(self.weight, rank),
            self._arranged(self.bias, rank),
            context.scale(self.output),
            self.output,
            self.centered,
        )
        for node in made.nodes:
            context.define(node)
        last = replace(made.last, output=self.output)
        made_last = context.requantized(last, UNLIMITED, made.unit)
        if not before:
            return [*made.nodes, made_last]
        normalized = replace(made_last, output=f"{self.output}/normalized groups")
        joined = Reshape(inputs=(normalized.output,), output=self.output, shape=whole)
        return [*before, *made.nodes, normalized, joined]

    def _grouped(self, shape: Shape) -> Shape:
        """Return a shape of the graph with a dimension for the groups before the channels'."""
        axis = channels_last_axis(0, len(shape))
        return (*shape[:axis], self.groups, shape[axis] // self.groups, *shape[axis + 1 :])

    def _arranged(self, values: Tensor | None, rank: int) -> Float64 | None:
        """Return numbers beside a tensor of torch as they lie beside the graph's."""
        if values is None:
            return None
        whole = values.double().reshape((*(1,) * (rank - values.ndim), *values.shape))
        moved = whole.permute(1, 2, 0) if rank == 3 else whole
        array: Float64 = moved.numpy()
        return array.reshape(self._grouped(array.shape)) if self.groups > 1 else array


def _parameter(call: Call, name: str, shape: tuple[int, ...]) -> Tensor | None:
    """Return a parameter, or None where it is none or changes nothing."""
    argument = call.arguments.get(name)
    if argument is None:
        return None
    values = call.constant(argument)
    neutral = torch.ones_like(values) if name == "weight" else torch.zeros_like(values)
    return None if torch.equal(values, neutral) else values.reshape(shape)


@translates("layer_norm", "rms_norm")
def _layer_norm(call: Call, output: str) -> Layer:
    arguments, rank = call.arguments, len(call.input_shape)
    normalized = tuple(int(size) for size in arguments["normalized_shape"])
    epsilon = arguments.get("eps")
    return SampleNorm(
        inputs=call.inputs,
        output=output,
        dimensions=tuple(range(rank - len(normalized), rank)),
        epsilon=torch.finfo(torch.float32).eps if epsilon is None else float(epsilon),
        weight=_parameter(call, "weight", normalized),
        bias=_parameter(call, "bias", normalized),
        centered=call.operator == "layer_norm",
    )


@translates("instance_norm")
def _instance_norm(call: Call, output: str) -> Layer:
    arguments = call.arguments
    if not arguments["use_input_stats"]:
        raise call.refusal("has running statistics; allowed: those of each sample")
    channels, *places = call.input_shape
    shape = (channels, *(1,) * len(places))
    return SampleNorm(
        inputs=call.inputs,
        output=output,
        dimensions=tuple(range(1, 1 + len(places))),
        epsilon=float(arguments["eps"]),
        weight=_parameter(call, "weight", shape),
        bias=_parameter(call, "bias", shape),
    )


@translates("group_norm")
def _group_norm(call: Call, output: str) -> Layer:
    arguments = call.arguments
    channels, *places = call.input_shape
    groups = int(arguments["num_groups"])
    shape = (channels, *(1,) * len(places))
    if groups == channels and math.prod(places) == 1:
        raise call.refusal("normalizes single values; leave it out")
    first = 1 if groups == channels else 0
    return SampleNorm(
        inputs=call.inputs,
        output=output,
        dimensions=tuple(range(first, 1 + len(places))),
        epsilon=float(arguments["eps"]),
        weight=_parameter(call, "weight", shape),
        bias=_parameter(call, "bias", shape),
        groups=1 if groups == channels else groups,
    )
