"""What a model gives becomes what the graph gives."""

from dataclasses import replace

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import GraphBuilder
from bittrue.golden.frontends.onnx.quantize import with_offset_in_bias, with_positive_scale
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Later,
    Limits,
    Real,
    Sum,
)
from bittrue.golden.graph import Encoding, Quantization
from bittrue.golden.graph.reshape import Reshape


class Outputs:
    """The outputs so far.

    Parameters
    ----------
    builder : GraphBuilder

    Attributes
    ----------
    names : tuple of str
        Tensors of the graph.
    """

    def __init__(self, builder: GraphBuilder) -> None:
        self._builder = builder
        self.names: tuple[str, ...] = ()

    def add(self, name: str) -> None:
        """Make a tensor of the model an output: its codes, or the accumulators it is made of.

        Raises
        ------
        UserError
            If it is neither.
        """
        value = self._builder.settled(name)
        match value:
            case Codes():
                activation = value.activation
            case Real() if not value.functions:
                activation = value.activation
            case Accumulated() if self._has_one_scale(value):
                activation = self._accumulators(name, value)
            case Accumulated() | Sum() | Later():
                assert self._builder.insert is not None
                activation = self._builder.insert(name).activation
            case _:
                raise UserError(
                    "it is made by an operator on real numbers; put QuantizeLinear or Quant before "
                    "it, or end the model before that operator"
                )
        self.names = (*self.names, self._in_order(name, activation))

    def _has_one_scale(self, value: Accumulated) -> bool:
        """Return whether accumulators of all channels have one scale and one offset."""
        value = with_offset_in_bias(with_positive_scale(value))
        units = np.array([number / value.scale[0] for number in value.scale])
        shifts = np.array([number - value.offset[0] for number in value.offset])
        return not (units != 1).any() and not shifts.any() and value.limits == Limits()

    def _accumulators(self, name: str, value: Accumulated) -> Activation:
        value = with_offset_in_bias(with_positive_scale(value))
        # A shift that is no whole number of units is left to who reads the accumulators.
        meaning = None if value.offset[0] else Quantization(value.scale[0], Encoding())
        return self._builder.add(replace(value.node, output=name), value.layout, meaning)

    def _in_order(self, name: str, activation: Activation) -> str:
        """Return a tensor of the graph that holds an output in an order that users can be told."""
        builder = self._builder
        tensor = builder.made(activation.name)
        if activation.layout.source_order(tensor.shape) is None:
            order = next(
                (o for o in activation.layout.orders() if activation.layout.lies_as(o)), None
            )
            if order is None:
                raise UserError(
                    "it is a flattened or reordered image, whose numbers the channels last graph "
                    "holds in another order; end the model with the image, or with a layer behind"
                )
            image = activation.name
            activation = builder.arranged(activation, order)
            if image == name and not builder.is_input(name):
                activation = builder.exchange_names(image, activation)
        taken = activation.name in self.names or (
            activation.layout.source_order(builder.made(activation.name).shape)
            != builder.layout(activation.name)
        )
        if not taken:
            return activation.name
        shape = builder.made(activation.name).shape
        node = Reshape(inputs=(activation.name,), output=builder.unused_name(name), shape=shape)
        return builder.add(node, activation.layout).name
