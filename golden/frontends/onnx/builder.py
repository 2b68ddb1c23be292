"""Collects the nodes of a graph while operators are converted one after another."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar, overload

from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.annotations import annotated_weights
from bittrue.golden.frontends.onnx.layout import Layout, Shape
from bittrue.golden.frontends.onnx.model import Constant, OnnxModel, OnnxNode
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    FloatInput,
    Later,
    QuantizedConstant,
    Real,
    Sum,
    Value,
)
from bittrue.golden.graph import (
    AccumulatingNode,
    AccumulatorBounds,
    Graph,
    Node,
    Quantization,
    Tensor,
)
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.transpose import Transpose

_A = TypeVar("_A")
_B = TypeVar("_B")

MOVEMENTS = frozenset(
    {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators behind which a dequantized constant is one still."""

_MEANINGS: Mapping[type, str] = {
    Codes: "integer codes",
    Real: "dequantized codes",
    Accumulated: "real numbers that no QuantizeLinear or Quant has made codes of",
    Sum: "a sum that no QuantizeLinear or Quant has made codes of",
    Later: "real numbers that no QuantizeLinear or Quant has made codes of",
    FloatInput: "an input in real numbers that no QuantizeLinear or Quant makes codes of",
    QuantizedConstant: "a dequantized constant",
    Constant: "a constant",
}


class GraphBuilder:
    """The graph made so far, and what the tensors of the model are.

    Parameters
    ----------
    model : OnnxModel
    """

    def __init__(self, model: OnnxModel) -> None:
        self.opset = model.opset
        self.values: dict[str, Value] = {**model.constants, **annotated_weights(model)}
        self.insert: Callable[[str], Real] | None = None
        """Makes dequantized codes of a tensor of real numbers that no quantizer follows."""
        self.quantized_inputs: dict[str, tuple[Quantizer, Activation, tuple[str, ...]]] = {}
        self._input_order = [info.name for info in model.inputs]
        self._nodes: list[Node] = []
        self._inputs: list[Tensor] = []
        self._quantization: dict[str, Quantization] = {}
        self._layouts: dict[str, Shape] = {}
        self._made: dict[str, Tensor] = {}

    def made(self, name: str) -> Tensor:
        """Return a tensor of the graph."""
        return self._made[name]

    def add_input(self, tensor: Tensor, layout: Layout) -> Activation:
        """Make a tensor an input of the graph."""
        self._inputs.append(tensor)
        return self._register(tensor, layout)

    def bounds(self, node: AccumulatingNode) -> AccumulatorBounds:
        """Return what the accumulators of a node reach."""
        bare = replace(node, requantization=None)
        bounds = bare.infer(*(self._made[name] for name in node.inputs)).accumulator
        assert bounds is not None
        return bounds

    def add(self, node: Node, layout: Layout, meaning: Quantization | None = None) -> Activation:
        """Append a node.

        Parameters
        ----------
        node : Node
        layout : Layout
            How the ONNX tensor lies in what it makes.
        meaning : Quantization, optional
        """
        if node.output in self._made:
            raise UserError(f"two tensors are named {node.output!r}; give each a name of its own")
        tensor = node.infer(*(self._made[name] for name in node.inputs)).tensor
        self._nodes.append(node)
        if meaning is not None:
            self._quantization[tensor.name] = meaning
        return self._register(tensor, layout)

    def unused_name(self, name: str) -> str:
        """Return a name like this one that no tensor has."""
        candidates = (name, *(f"{name}/{number}" for number in range(2, len(self._made) + 3)))
        return next(c for c in candidates if c not in self._made)

    def layout(self, name: str) -> Shape:
        """Return the graph's dimension for each ONNX dimension of a tensor."""
        return self._layouts.get(name, tuple(range(len(self._made[name].shape))))

    def annotated_input(self, value: FloatInput, activation: Activation) -> Real:
        """Return the numbers of an input that QONNX's annotation says are integers."""
        kind = activation.type
        quantizer = Quantizer.of_type(kind, Fraction(1), bipolar=value.info.bipolar)
        self.meaning(activation, quantizer.quantization)
        return Real(activation, quantizer.quantization)

    def settled(self, name: str) -> Value:
        """Return moved real numbers as dequantized codes, if all their parts are such, alike."""
        value = self.values[name]
        if not isinstance(value, Later):
            return value
        parts = [part for part in value.parts if isinstance(part, Real) and not part.functions]
        first = parts[0] if parts else None
        alike = all(
            first is not None
            and (part.quantization, part.activation.type)
            == (first.quantization, first.activation.type)
            for part in parts
        )
        if first is None or len(parts) != len(value.parts) or not alike:
            return value
        scale, encoding = first.scale, first.encoding

        def code(number: Fraction) -> int:
            value = number / scale
            exact = (value + 1) / 2 if encoding.bipolar else value + encoding.zero_point
            if exact.denominator != 1 or int(exact) not in first.activation.type:
                raise UserError(f"it fills with {float(number)}, which no code stands for")
            return int(exact)

        made = value.arrange([part.activation for part in parts], self.unused_name(name), code)
        self.meaning(made, first.quantization)
        result = Real(made, first.quantization)
        self.values[name] = result
        return result

    def meaning(self, activation: Activation, quantization: Quantization) -> None:
        """Say what the codes of a tensor mean."""
        self._quantization.setdefault(activation.name, quantization)

    def arranged(
        self, activation: Activation, order: Shape, shape: Shape | None = None
    ) -> Activation:
        """Return a tensor with the ONNX dimensions as its own, in an order.

        Parameters
        ----------
        activation : Activation
        order : tuple of int
            ONNX dimensions, slowest first.
        shape : tuple of int, optional
            Dimensions to give it; by default those of the ONNX tensor in that order.
        """
        if not activation.layout.lies_as(order):
            activation = self._moved(activation, order)
        sizes = activation.layout.shape
        wanted = tuple(sizes[axis] for axis in order) if shape is None else shape
        if self._made[activation.name].shape == wanted:
            return activation
        name = self.unused_name(f"{activation.name}/reshaped")
        node = Reshape(inputs=(activation.name,), output=name, shape=wanted)
        return self.add(node, activation.layout, self._quantization.get(activation.name))

    def _moved(self, activation: Activation, order: Shape) -> Activation:
        """Return a tensor whose codes lie in another order, moved there."""
        layout, meaning = activation.layout, self._quantization.get(activation.name)
        places = [place for axis in order for place in layout.dimensions[axis]]
        places += [place for place in range(len(layout.sizes)) if place not in places]
        source = activation
        if self._made[source.name].shape != layout.sizes:
            name = self.unused_name(f"{activation.name}/reshaped")
            node = Reshape(inputs=(source.name,), output=name, shape=layout.sizes)
            source = self.add(node, layout, meaning)
        moved = Layout(
            tuple(layout.sizes[place] for place in places),
            tuple(tuple(places.index(place) for place in group) for group in layout.dimensions),
        )
        name = self.unused_name(f"{activation.name}/transposed")
        turn = Transpose(inputs=(source.name,), output=name, permutation=tuple(places))
        return self.add(turn, moved, meaning)

    def is_input(self, name: str) -> bool:
        """Return whether a tensor of the graph is one of its inputs."""
        return any(tensor.name == name for tensor in self._inputs)

    def exchange_names(self, name: str, other: Activation) -> Activation:
        """Give each of two tensors the name of the other, and return the second.

        A tensor of the model that has another shape in the graph is named after it where users
        see it; what layers take is not.
        """
        names = {name: other.name, other.name: name}

        def renamed(tensor: str) -> str:
            return names.get(tensor, tensor)

        self._nodes = [
            replace(node, inputs=tuple(map(renamed, node.inputs)), output=renamed(node.output))
            for node in self._nodes
        ]
        self._made = {
            renamed(tensor): replace(made, name=renamed(tensor))
            for tensor, made in self._made.items()
        }
        self._quantization = {renamed(t): item for t, item in self._quantization.items()}
        self._layouts = {renamed(tensor): item for tensor, item in self._layouts.items()}
        return replace(other, name=name)

    def graph(self, outputs: tuple[str, ...], profile: str) -> Graph:
        """Return the finished graph."""
        needed = _needed(self._nodes, outputs)
        kept = {*needed, *(tensor.name for tensor in self._inputs)}
        quantized = {code.name: name for name, (_, code, _) in self.quantized_inputs.items()}
        inputs = sorted(
            self._inputs,
            key=lambda tensor: self._input_order.index(quantized.get(tensor.name, tensor.name)),
        )
        return Graph(
            tuple(inputs),
            tuple(node for node in self._nodes if node.output in needed),
            outputs,
            {name: item for name, item in self._quantization.items() if name in kept},
            profile,
            {name: item for name, item in self._layouts.items() if name in kept},
        )

    def _register(self, tensor: Tensor, layout: Layout) -> Activation:
        self._made[tensor.name] = tensor
        source = layout.source_order(tensor.shape) or layout.image_order(tensor.shape)
        if source is not None and source != tuple(range(len(source))):
            self._layouts[tensor.name] = source
        return Activation(tensor.name, tensor.type, layout)


def _needed(nodes: list[Node], outputs: tuple[str, ...]) -> set[str]:
    """Return the tensors on which the outputs depend."""
    needed = set(outputs)
    for node in reversed(nodes):
        if node.output in needed:
            needed.update(node.inputs)
    return needed


@dataclass(frozen=True, eq=False)
class Site:
    """One operator of the model, where its conversion stands.

    Parameters
    ----------
    node : OnnxNode
    builder : GraphBuilder
    channels_last : bool
        Whether the operator takes and makes images with the channels last.
    """

    node: OnnxNode
    builder: GraphBuilder
    channels_last: bool = False

    def image(self, activation: Activation) -> Activation:
        """Return an image of the model as the graph's, channels last; of width 1 if it has none."""
        shape = activation.layout.shape
        rank = len(shape)
        if rank not in (2, 3):
            raise UserError(
                f"its input has shape {('N', *shape)}; allowed: images, 3 or 4 dimensions"
            )
        order = tuple(range(rank)) if self.channels_last else (*range(1, rank), 0)
        *places, channels = (shape[axis] for axis in order)
        return self.builder.arranged(
            activation, order, (places[0], math.prod(places[1:]), channels)
        )

    def image_layout(self, shape: Shape, source: Activation) -> Layout:
        """Return the layout of an image that the operator makes of another."""
        return Layout.image(shape, len(source.layout.shape) - 1, self.channels_last)

    @property
    def output(self) -> str:
        """Name of the first output; the others must be unused."""
        used = [name for name in self.node.outputs if name]
        if len(used) != 1 or not self.node.outputs[0]:
            raise UserError(f"it has {len(used)} outputs; allowed: 1")
        return self.node.outputs[0]

    def has(self, position: int) -> bool:
        """Return whether an input is given."""
        return position < len(self.node.inputs) and self.node.inputs[position] != ""

    @property
    def is_constant(self) -> bool:
        """Whether all inputs are constants, and the operator keeps no codes."""
        values = [self.builder.values[name] for name in self.node.inputs if name]
        kept = Constant if self.node.operator in MOVEMENTS else (Constant, QuantizedConstant)
        return all(isinstance(value, kept) for value in values)

    def input(self, position: int) -> Value:
        """Return an input that must be there."""
        if not self.has(position):
            raise UserError(f"its input {position} is missing")
        return self.builder.values[self.node.inputs[position]]

    @overload
    def take(self, position: int, kind: type[_A], /) -> _A: ...

    @overload
    def take(self, position: int, kind: type[_A], other: type[_B], /) -> _A | _B: ...

    @overload
    def take(self, position: int, /, *kinds: type[Any]) -> Value: ...

    def take(self, position: int, /, *kinds: type[Any]) -> Any:
        """Return an input of an allowed kind."""
        value = self.input(position)
        if isinstance(value, Later) and Later not in kinds and Real in kinds:
            value = self.builder.settled(self.node.inputs[position])
        left = isinstance(value, Accumulated | Sum | Later) and not isinstance(value, kinds)
        if left and Real in kinds and self.builder.insert is not None:
            return self.builder.insert(self.node.inputs[position])
        if not isinstance(value, kinds):
            allowed = " or ".join(dict.fromkeys(_MEANINGS[kind] for kind in kinds))
            if isinstance(value, FloatInput):
                allowed += (
                    "; say what its codes are, such as --input-type uint8:1/255, or quantize it"
                )
            raise UserError(
                f"its input {self.node.inputs[position]!r} is {_MEANINGS[type(value)]}; allowed: "
                f"{allowed}"
            )
        return value

    def inserted(self, value: Value) -> Value:
        """Return an input of real numbers as dequantized codes of a quantizer that is put in."""
        assert self.builder.insert is not None
        given = self.builder.values
        return self.builder.insert(next(n for n in self.node.inputs if given.get(n) is value))

    def numbers(self, position: int) -> NDArray[Any]:
        """Return the elements of a constant input, dequantized or not."""
        value = self.take(position, Constant, QuantizedConstant)
        return value.real if isinstance(value, QuantizedConstant) else value.values

    def integers(self, position: int) -> tuple[int, ...]:
        """Return the elements of a constant input of integers."""
        constant = self.take(position, Constant)
        if constant.type is None or constant.values.size > 64:
            raise UserError(f"its input {self.node.inputs[position]!r} holds no few integers")
        return tuple(int(value) for value in constant.values.reshape(-1))

    def integer(self, name: str, default: int) -> int:
        """Return an integer attribute."""
        value = self.node.attributes.get(name, default)
        if type(value) is not int:
            raise UserError(f"its attribute {name!r} is no integer")
        return value

    def number(self, name: str, default: float) -> float:
        """Return an attribute that is a real number."""
        value = self.node.attributes.get(name, default)
        if type(value) not in (int, float):
            raise UserError(f"its attribute {name!r} is no number")
        return float(value)

    def sizes(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Return an attribute that is a list of integers."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, tuple) or any(type(item) is not int for item in value):
            raise UserError(f"its attribute {name!r} is missing or no list of integers")
        return value

    def text(self, name: str, default: str) -> str:
        """Return an attribute that is text."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, str):
            raise UserError(f"its attribute {name!r} is no text")
        return value

    def set(self, value: Value) -> None:
        """Say what the operator's output is."""
        self.builder.values[self.output] = value
