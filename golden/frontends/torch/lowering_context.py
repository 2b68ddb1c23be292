"""What the layers of a network are lowered with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from bittrue.golden.codes.conversion import QuantizeRounding, quantized
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import Shape, torch_order
from bittrue.golden.frontends.torch.exact import exact_requantization
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.frontends.torch.limits import Range
from bittrue.golden.graph import (
    AccumulatingNode,
    AccumulatorBounds,
    Encoding,
    FixedPoint,
    Node,
    Tensor,
)
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import TFLITE_MULTIPLIER_WIDTH, quantize_multiplier
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

WIDEST_EXACT = 8
"""Bits of output codes up to which exact requantization searches for every threshold."""

_NARROW_ACCUMULATOR = IntegerType(32, True)
_WIDE_ACCUMULATOR = IntegerType(48, True)
"""For activations of more than 8 bits, or what does not fit the narrow one."""


@dataclass
class LoweringContext:
    """What layers are lowered with.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Of every tensor of the float network, without the batch.
    order : mapping of str to ndarray
        What `FloatNetwork.feature_orders` says of the network.
    activations, weights, rounding
        As of `golden.frontends.torch.lower.lower`.
    tensors : dict of str to Tensor
        The graph's tensors up to the layer.
    """

    shapes: Mapping[str, Shape]
    order: Mapping[str, Int64]
    activations: Mapping[str, QuantType]
    weights: Mapping[str, IntegerWeight]
    rounding: Rounding | None
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def map(self, name: str) -> QuantType:
        """Return what a tensor's codes stand for."""
        return self.activations[name]

    def scale(self, name: str) -> float:
        """Return what one step of a tensor stands for."""
        return self.activations[name].scale

    def encoding(self, name: str) -> Encoding:
        """Return how a tensor's codes become the integers that arithmetic uses."""
        return self.activations[name].encoding

    def requantization(
        self,
        output: str,
        scale: ArrayLike,
        clamp: Range,
        accumulators: IntegerType = _NARROW_ACCUMULATOR,
    ) -> FixedPoint:
        """Return the requantization of accumulators of a given scale, relative to the output."""
        mapping = self.map(output)
        kind = mapping.type
        narrow = kind.width <= 8 and accumulators.width <= _NARROW_ACCUMULATOR.width
        accumulator = _NARROW_ACCUMULATOR if narrow else _WIDE_ACCUMULATOR
        multiplier, exponent = quantize_multiplier(scale, TFLITE_MULTIPLIER_WIDTH)
        if mapping.bipolar:
            # Rounded down, what is negative stays negative; clamped, it is -1, else 0.
            spec = RequantSpec(accumulator, kind, roundings=(Rounding.FLOOR,))
            channels = RequantChannels(spec, multiplier, exponent, 1, 0, 1)
            return FixedPoint(channels, Rounding.FLOOR)
        rounding = self.rounding or Rounding.SINGLE_HALF_EVEN
        spec = RequantSpec(accumulator, kind, roundings=(rounding,))
        zero_point = self.encoding(output).zero_point
        limits = self.limits(output, clamp)
        channels = RequantChannels(spec, multiplier, exponent, zero_point, *limits)
        return FixedPoint(channels, rounding)

    def is_exact(self, output: str) -> bool:
        """Return whether a layer's result is to equal real arithmetic."""
        return self.rounding is None and self.map(output).type.width <= WIDEST_EXACT

    def requantized(
        self, node: AccumulatingNode, clamp: Range, scale: float, divisor: int = 1
    ) -> Node:
        """Give a node whose accumulators stand for ``accumulator * scale / divisor`` its codes."""
        output = node.output
        bounds = self.bounds(node)
        if not self.is_exact(output):
            relative = scale / (divisor * self.scale(output))
            rounded = self.requantization(output, relative, clamp, bounds.type)
            return replace(node, requantization=rounded)
        exact = exact_requantization(bounds, scale, divisor, self.map(output), clamp)
        return replace(node, requantization=exact)

    def define(self, node: Node) -> str:
        """Note what a node that is part of a layer makes, and return its name."""
        given = (self.tensors[name] for name in node.inputs)
        self.tensors[node.output] = node.infer(*given).tensor
        return node.output

    def bounds(self, node: AccumulatingNode) -> AccumulatorBounds:
        """Return what the accumulators of a node reach."""
        bounds = node.infer(*(self.tensors[name] for name in node.inputs)).accumulator
        assert bounds is not None
        return bounds

    def limits(self, name: str, clamp: Range) -> tuple[int, int]:
        """Return the codes of an activation's limits, as TFLite rounds them."""
        mapping = self.map(name)
        if mapping.bipolar:
            return 0, 1
        low, high = quantized(torch.tensor(clamp), mapping, QuantizeRounding.HALF_AWAY)
        return int(low), int(high)

    def one_order(self, inputs: tuple[str, ...], output: str) -> None:
        """Refuse inputs whose features the graph holds in different orders."""
        usual = torch_order(self.shapes[output])
        first, *others = (self.order.get(name, usual) for name in inputs)
        if not all(np.array_equal(order, first) for order in others):
            raise UserError("its inputs are images flattened differently; flatten after it")

    def refuse_order(self, inputs: tuple[str, ...]) -> None:
        """Refuse a flattened image as input."""
        if any(name in self.order for name in inputs):
            raise UserError(
                "its input is a flattened image; allowed after flatten: linear layers, "
                "concatenation and functions of single values"
            )
