"""Sums and differences of two tensors."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.exact import exact_addition
from bittrue.golden.frontends.torch.layer import Layer, Scaled
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.channel_constant import with_constant
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.add import Add as AddNode
from bittrue.golden.graph.add import Addend
from bittrue.golden.numbers.multiplier import TFLITE_MULTIPLIER_WIDTH, quantize_multiplier


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Scaled):
    """Sum of two tensors, or their difference."""

    subtract: bool = False

    treats_alike: ClassVar[bool] = True

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        return inputs[0] - inputs[1] if self.subtract else inputs[0] + inputs[1]

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.one_order(self.inputs, self.output)
        exact = None
        if context.is_exact(self.output):
            exact = exact_addition(
                (context.tensors[self.inputs[0]], context.tensors[self.inputs[1]]),
                (context.map(self.inputs[0]), context.map(self.inputs[1])),
                self.subtract,
                context.map(self.output),
                self.clamp,
            )
        if exact is None:
            return self._in_fixed_point(context)
        return AddNode(
            inputs=self.inputs,
            output=self.output,
            addends=exact.addends,
            requantization=exact.requantization,
        )

    def _in_fixed_point(self, context: LoweringContext) -> graph.Node:
        """Lower as TFLite's ADD and SUB: operands in fixed point at twice the larger scale."""
        left_shift = 20 if context.map(self.output).type.width <= 8 else 15
        common = 2 * max(context.scale(name) for name in self.inputs)
        addends = []
        for position, name in enumerate(self.inputs):
            multiplier, exponent = quantize_multiplier(context.scale(name) / common)
            addends.append(
                Addend(
                    context.encoding(name),
                    int(multiplier),
                    half_up_shift=TFLITE_MULTIPLIER_WIDTH - left_shift,
                    half_away_shift=-int(exponent),
                    subtract=self.subtract and position == 1,
                )
            )
        scale = common / ((1 << left_shift) * context.scale(self.output))
        return AddNode(
            inputs=self.inputs,
            output=self.output,
            addends=tuple(addends),
            requantization=context.requantization(self.output, scale, self.clamp),
        )


@translates("add", "sub")
def _add(call: Call, output: str) -> Layer:
    operands = call.operands
    if operands is None:
        return with_constant(call, output)
    if call.arguments["alpha"] != 1:
        raise call.refusal(f"has alpha {call.arguments['alpha']}; allowed: 1")
    return Add(inputs=operands, output=output, subtract=call.operator == "sub")
