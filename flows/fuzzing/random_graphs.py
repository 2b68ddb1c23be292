"""Random integer graphs of every node, width and rounding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.graph import FixedPoint, Graph, Node, Tensor, Window
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.node import OPERATORS, AccumulatingNode
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.quantization import Encoding
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

ROUNDINGS = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]


@dataclass(frozen=True)
class Goal:
    """What a graph is to have, whatever else is in it: seldom combinations are sought so.

    Parameters
    ----------
    operator : str
        Of the first layer, a key of `OPERATORS`.
    width : int
        Bits of the codes that enter, 1 to 16.
    rounding : Rounding
        Of the first requantization.
    """

    operator: str
    width: int
    rounding: Rounding


class RandomGraph:
    """Nodes appended to random images, each to a tensor that is there.

    Parameters
    ----------
    seed : int, or sequence of int
    goal : Goal, optional
        What the graph begins with. Graphs with one have odder shapes, too, and several inputs.
    """

    def __init__(self, seed: int | Sequence[int], goal: Goal | None = None) -> None:
        self.random = np.random.default_rng(seed)
        self._goal = goal
        self._rounding = goal.rounding if goal else None
        self.inputs: list[Tensor] = []
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        if goal is None:
            height, width, channels = (int(n) for n in self.random.integers(3, 7, 3))
            self._enter("x", (height, width, channels), self.code_type())
            return
        self._enter("x", self._shape(), self._signed(goal.width))
        for count in range(int(self.random.choice(3, p=[0.6, 0.3, 0.1]))):
            alike = self.random.integers(2)
            shape = self.inputs[0].shape if alike else self._shape()
            self._enter(f"x{count}", shape, self.inputs[0].type if alike else self.code_type())

    def _enter(self, name: str, shape: tuple[int, ...], kind: IntegerType) -> None:
        self.inputs.append(Tensor.of_type(name, shape, kind))
        self.tensors[name] = self.inputs[-1]

    def _shape(self) -> tuple[int, ...]:
        """Return a shape of an image: small, of odd numbers, a line or a point."""
        height, width = (int(self.random.choice([1, 2, 3, 4, 5, 7, 8])) for _ in range(2))
        return height, width, int(self.random.choice([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]))

    def _signed(self, width: int) -> IntegerType:
        """Return a type of a width, signed or not."""
        return IntegerType(width, bool(self.random.integers(2)) and width > 1)

    def build(self, length: int) -> Graph:
        """Return a graph of a number of layers, with all that nothing reads as outputs."""
        operators = list(OPERATORS.values())
        if self._goal:
            self._append(OPERATORS[self._goal.operator], self.tensors["x"])
        while len(self.nodes) < length and (images := self.images()):
            operator = operators[self.random.integers(len(operators))]
            self._append(operator, images[self.random.integers(len(images))])
        read = {name for node in self.nodes for name in node.inputs}
        outputs = [node.output for node in self.nodes if node.output not in read]
        if self._goal and self.random.random() < 0.3:
            # What later layers read can leave, too.
            outputs.append(self.nodes[self.random.integers(len(self.nodes))].output)
        used = tuple(t for t in self.inputs if t.name in read or t.name == "x")
        return Graph(used, tuple(self.nodes), tuple(dict.fromkeys(outputs)))

    def images(self) -> list[Tensor]:
        """See `Draw.images`."""
        return [
            tensor
            for tensor in self.tensors.values()
            if len(tensor.shape) == 3 and tensor.type.width <= 16 and min(tensor.shape) >= 1
        ]

    def code_type(self) -> IntegerType:
        """See `Draw.code_type`: of 8 bits most often."""
        widths = [8, 8, 8, 16, int(self.random.integers(1, 17))]
        return self._signed(widths[self.random.integers(len(widths))])

    def encoding(self, tensor: Tensor) -> Encoding:
        """See `Draw.encoding`."""
        if tensor.type == IntegerType(1, False) and self.random.integers(2):
            return Encoding(bipolar=True)
        if self.random.integers(2):
            return Encoding()
        low, high = tensor.type.minimum, tensor.type.maximum
        return Encoding(int(self.random.integers(low, high + 1)))

    def name(self) -> str:
        """See `Draw.name`."""
        return f"t{len(self.nodes)}"

    def _append(self, operator: type[Node], x: Tensor) -> None:
        """Append a node of an operator to a tensor, or nothing where that cannot be."""
        node = operator.drawn(x, self)
        if isinstance(node, AccumulatingNode):
            self._accumulating(node)
        elif node is not None:
            self._add(node)

    def _add(self, node: Node) -> Tensor:
        made = node.infer(*(self.tensors[name] for name in node.inputs)).tensor
        self.nodes.append(node)
        self.tensors[made.name] = made
        return made

    def _accumulating(self, node: AccumulatingNode) -> None:
        """Append a node with a requantization that uses the codes of its output, or with none."""
        inference = node.infer(*(self.tensors[name] for name in node.inputs))
        bounds, tensor = inference.accumulator, inference.tensor
        assert bounds is not None
        if self.random.random() < 0.05:
            self._add(node)
            return
        channels = tensor.channels if self.random.integers(2) else 1
        output = self.code_type()
        reach = max(abs(tensor.minimum), abs(tensor.maximum), 1)
        scale = (2.0**output.width / reach) * 2.0 ** self.random.uniform(-3, 2, channels)
        scale = np.clip(scale, 2.0**-30, 2.0**29)
        multiplier, exponent = quantize_multiplier(scale)
        spec = RequantSpec(
            replace(bounds.type, width=max(bounds.type.width, 2)), output, maximum_exponent=31,
            roundings=(rounding := self._next_rounding(),),
        )  # fmt: skip
        zero = int(self.random.integers(output.minimum, output.maximum + 1))
        low = int(self.random.integers(output.minimum, zero + 1))
        high = int(self.random.integers(zero, output.maximum + 1))
        limits = (low, high) if self.random.random() < 0.3 else (output.minimum, output.maximum)
        given = RequantChannels(spec, multiplier, exponent, zero, *limits)
        self._add(replace(node, requantization=FixedPoint(given, rounding)))

    def _next_rounding(self) -> Rounding:
        """Return the goal's rounding the first time, any other one from then on."""
        sought, self._rounding = self._rounding, None
        return sought or ROUNDINGS[self.random.integers(len(ROUNDINGS))]

    def window(self, tensor: Tensor) -> Window:
        """See `Draw.window`."""
        size = tuple(int(self.random.integers(1, min(n, 3) + 1)) for n in tensor.shape[:2])
        pads = [int(self.random.integers(0, n)) for n in (size[0], size[0], size[1], size[1])]
        stride = (int(self.random.integers(1, 3)), int(self.random.integers(1, 3)))
        padding = ((pads[0], pads[1]), (pads[2], pads[3]))
        return Window((size[0], size[1]), stride, padding=padding)

    def weights(self, *shape: int) -> tuple[NDArray[np.int64], IntegerType, Encoding]:
        """See `Draw.weights`."""
        kind = self.code_type()
        weight = self.random.integers(kind.minimum, kind.maximum + 1, shape)
        return weight, kind, self.encoding(Tensor.of_type("w", (1,), kind))

    def limits(self, tensor: Tensor) -> tuple[int, int]:
        """See `Draw.limits`."""
        low, high = tensor.type.minimum, tensor.type.maximum
        some = np.sort(self.random.integers(low, high + 1, 2)).tolist()
        return (some[0], some[1]) if self.random.integers(2) else (low, high)

    def operand(self, tensor: Tensor) -> Tensor:
        """See `Draw.operand`."""
        same = [t for t in self.images() if t.shape == tensor.shape]
        if self.random.integers(2):
            return same[self.random.integers(len(same))]
        return self._add(Constant.drawn(tensor, self))
