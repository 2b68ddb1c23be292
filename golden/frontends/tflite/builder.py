"""Collects the nodes of a graph while operators are converted one after another."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import ACTIVATION_WIDTHS, CONVERTED_WIDTHS, affine_of
from bittrue.golden.frontends.tflite.known_operators import REPEATING
from bittrue.golden.frontends.tflite.model import Operator, TensorInfo, TfliteModel
from bittrue.golden.frontends.tflite.orders import order_of_input
from bittrue.golden.frontends.tflite.variables import Variables
from bittrue.golden.graph import AccumulatorBounds, Graph, Node, Quantization, Tensor
from bittrue.golden.numbers.quantization import QuantType


class GraphBuilder:
    """The graph made so far, and the tensors of the file that it has.

    Parameters
    ----------
    model : TfliteModel
    """

    def __init__(self, model: TfliteModel) -> None:
        self.model = model
        self.nodes: list[Node] = []
        self.inputs: list[Tensor] = []
        self.quantization: dict[str, Quantization] = {}
        self.variables = Variables()
        self.layouts: dict[str, tuple[int, ...]] = {}
        self._orders: dict[str, tuple[int, ...]] = {}
        self._made: dict[str, Tensor] = {}

    def add_input(self, info: TensorInfo) -> None:
        """Make a tensor of the file an input of the graph."""
        affine = affine_of(info, widths=self._input_widths(info))
        shape = info.shape if self._only_broadcasts(info) else activation_shape(info)
        order = order_of_input(info, self._readers(info), self.model)
        if order != tuple(range(len(info.shape))):
            shape = tuple(info.shape[axis] for axis in order[1:])
            self._orders[info.name] = order
            self.layouts[info.name] = tuple(order.index(axis) - 1 for axis in range(1, len(order)))
        tensor = Tensor.of_type(info.name, shape, affine.type)
        self.inputs.append(tensor)
        self._made[info.name] = tensor
        self.quantization[info.name] = affine.quantization

    def add_state(self, info: TensorInfo) -> Tensor:
        """Return a tensor of the file that is what a state holds at the beginning of a call."""
        affine = affine_of(info)
        tensor = Tensor.of_type(info.name, activation_shape(info), affine.type)
        self._made[info.name] = tensor
        self.quantization[info.name] = affine.quantization
        return tensor

    def add_kept(self, tensor: Tensor, affine: QuantType) -> Tensor:
        """Return a tensor that an operator keeps between calls, as a state of the graph."""
        self._made[tensor.name] = tensor
        self.quantization[tensor.name] = affine.quantization
        return tensor

    def _input_widths(self, info: TensorInfo) -> tuple[int, ...]:
        converted = {operator.name for operator in self._readers(info)} <= {"QUANTIZE"}
        return CONVERTED_WIDTHS if converted else ACTIVATION_WIDTHS

    def _readers(self, info: TensorInfo) -> list[Operator]:
        tensors = self.model.tensors
        return [
            operator
            for operator in self.model.operators
            if any(index >= 0 and tensors[index] is info for index in operator.inputs)
        ]

    def _only_broadcasts(self, info: TensorInfo) -> bool:
        """Return whether a tensor has no batch, for it is spread over tensors that have one."""
        tensors, readers = self.model.tensors, self._readers(info)
        return bool(readers) and all(
            operator.name in REPEATING and len(info.shape) < len(tensors[operator.outputs[0]].shape)
            for operator in readers
        )

    def lies_as(self, name: str, order: tuple[int, ...]) -> bool:
        """Return whether the graph holds an input in an order already, the batch counted."""
        return self._orders.get(name) == order

    def describes(self, index: int) -> bool:
        """Return whether the file says enough of a tensor to go on without what makes it."""
        info = self.model.tensors[index]
        try:
            affine_of(info, any_zero_point=True)
            activation_shape(info)
        except UserError:
            return False
        return True

    def assume(self, index: int) -> None:
        """Take a tensor as the file describes it, unless an operator has made it."""
        info = self.model.tensors[index]
        if info.name not in self._made:
            kind = affine_of(info, any_zero_point=True).type
            self._made[info.name] = Tensor.of_type(info.name, activation_shape(info), kind)

    def made(self, name: str) -> Tensor:
        """Return a tensor that an earlier operator, or the graph's input, makes."""
        if name not in self._made:
            raise UserError(f"its input {name!r} is made by no operator before it")
        return self._made[name]

    def infer(self, node: Node) -> AccumulatorBounds:
        """Return what the accumulators of a node reach."""
        accumulator = node.infer(*(self.made(name) for name in node.inputs)).accumulator
        assert accumulator is not None
        return accumulator

    def add(self, node: Node) -> None:
        """Append a node."""
        self._made[node.output] = node.infer(*(self.made(name) for name in node.inputs)).tensor
        self.nodes.append(node)

    def graph(self, outputs: tuple[str, ...], profile: str) -> Graph:
        """Return the finished graph."""
        for name in outputs:
            if name not in self._made:
                raise UserError(f"the output {name!r} of the graph is made by no operator")
        return Graph(
            tuple(self.inputs),
            tuple(self.nodes),
            outputs,
            self.quantization,
            profile,
            self.layouts,
            self.variables.states(),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """One operator of the file, where its conversion stands.

    Parameters
    ----------
    operator : Operator
    builder : GraphBuilder
    """

    operator: Operator
    builder: GraphBuilder

    @property
    def options(self) -> Mapping[str, Any]:
        """The operator's options; empty when the file has none for it."""
        return self.operator.options

    @property
    def output(self) -> TensorInfo:
        """The only output."""
        if len(self.operator.outputs) != 1:
            raise UserError(f"it has {len(self.operator.outputs)} outputs; allowed: 1")
        return self._tensor(self.operator.outputs[0])

    @property
    def outputs(self) -> list[TensorInfo]:
        """All outputs."""
        return [self._tensor(index) for index in self.operator.outputs]

    def input(self, position: int) -> TensorInfo:
        """Return an input that must be there."""
        info = self.optional_input(position)
        if info is None:
            raise UserError(f"its input {position} is missing")
        return info

    def optional_input(self, position: int) -> TensorInfo | None:
        """Return an input that may be absent."""
        if position >= len(self.operator.inputs) or self.operator.inputs[position] < 0:
            return None
        return self._tensor(self.operator.inputs[position])

    def _tensor(self, index: int) -> TensorInfo:
        info = self.builder.model.tensors[index]
        info.check_shape()
        return info

    def input_count(self, expected: int) -> None:
        """Refuse another number of inputs."""
        if len(self.operator.inputs) != expected:
            raise UserError(f"it has {len(self.operator.inputs)} inputs; allowed: {expected}")

    def source(self, position: int = 0) -> QuantType:
        """Return scale and zero point of an input."""
        return affine_of(self.input(position))

    @property
    def target(self) -> QuantType:
        """Scale and zero point of the output."""
        return affine_of(self.output)

    def emit(self, node: Node, output: TensorInfo | None = None) -> None:
        """Append the node that makes an output, the only one by default.

        The file describes it, too.
        """
        output = self.output if output is None else output
        self.builder.add(node)
        made = self.builder.made(node.output)
        if made.shape != activation_shape(output):
            raise UserError(
                f"it makes shape {(1, *made.shape)}; the file says that {output} has shape "
                f"{output.shape}"
            )
        if output.quantized:
            affine = affine_of(output, any_zero_point=True, widths=CONVERTED_WIDTHS)
            self.builder.quantization[node.output] = affine.quantization


def activation_shape(info: TensorInfo) -> tuple[int, ...]:
    """Return the shape of an activation tensor without its batch.

    Raises
    ------
    UserError
        If the batch is not one.
    """
    info.check_shape()
    if not info.shape or info.shape[0] != 1:
        raise UserError(
            f"{info} has shape {info.shape}; allowed: a batch of 1 first; convert the model with "
            "batch size 1, execution here is batched anyway"
        )
    return info.shape[1:]
