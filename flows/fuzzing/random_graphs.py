"""Random integer graphs of every node, width and rounding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittrue.golden.graph import Encoding, FixedPoint, Graph, Node, Tensor, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.mat_mul import MatMul
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.node import AccumulatingNode
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.graph.table import Table
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.numbers.softmax import softmax_exponential
from bittrue.golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal

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
            self._enter("x", (height, width, channels), self._code_type())
            return
        self._enter("x", self._shape(), self._signed(goal.width))
        for count in range(int(self.random.choice(3, p=[0.6, 0.3, 0.1]))):
            alike = self.random.integers(2)
            shape = self.inputs[0].shape if alike else self._shape()
            self._enter(f"x{count}", shape, self.inputs[0].type if alike else self._code_type())

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

    @property
    def steps(self) -> dict[str, Callable[[Tensor], object]]:
        """What appends a node of an operator to a tensor, or nothing where that cannot be."""
        return {
            "convolution": self._convolution,
            "fully_connected": self._dense,
            "add": self._residual,
            "multiply": self._product,
            "requantize": self._requantize,
            "table": self._table,
            "clamp": self._clamp,
            "max_pool": self._max_pool,
            "average_pool": self._average_pool,
            "sum_pool": self._sum_pool,
            "mean": self._mean,
            "concat": self._concat,
            "pad": self._pad,
            "reshape": self._reshape,
            "arg_max": self._arg_max,
            "broadcast": self._broadcast,
            "softmax": self._softmax,
            "softmax16": self._softmax16,
            "slice": self._slice,
            "min_max": self._min_max,
            "gather": self._gather,
            "transpose": self._transpose,
            "resize_bilinear": self._resize,
            "mat_mul": self._mat_mul,
            "constant": self._constant,
        }

    def build(self, length: int) -> Graph:
        """Return a graph of a number of layers, with all that nothing reads as outputs."""
        steps = [*self.steps.values(), self._convolution, self._residual]
        if self._goal:
            self.steps[self._goal.operator](self.tensors["x"])
        while len(self.nodes) < length:
            images = [t for t in self.tensors.values() if self._is_image(t)]
            if not images:
                break
            step = steps[self.random.integers(len(steps))]
            step(images[self.random.integers(len(images))])
        read = {name for node in self.nodes for name in node.inputs}
        outputs = [node.output for node in self.nodes if node.output not in read]
        if self._goal and self.random.random() < 0.3:
            # What later layers read can leave, too.
            outputs.append(self.nodes[self.random.integers(len(self.nodes))].output)
        used = tuple(t for t in self.inputs if t.name in read or t.name == "x")
        return Graph(used, tuple(self.nodes), tuple(dict.fromkeys(outputs)))

    def _is_image(self, tensor: Tensor) -> bool:
        return len(tensor.shape) == 3 and tensor.type.width <= 16 and min(tensor.shape) >= 1

    def _code_type(self) -> IntegerType:
        """Return a type of codes, of 8 bits most often."""
        widths = [8, 8, 8, 16, int(self.random.integers(1, 17))]
        return self._signed(widths[self.random.integers(len(widths))])

    def _encoding(self, tensor: Tensor) -> Encoding:
        """Return an encoding of a tensor's codes."""
        if tensor.type == IntegerType(1, False) and self.random.integers(2):
            return Encoding(bipolar=True)
        if self.random.integers(2):
            return Encoding()
        low, high = tensor.type.minimum, tensor.type.maximum
        return Encoding(int(self.random.integers(low, high + 1)))

    def _add(self, node: Node) -> None:
        made = node.infer(*(self.tensors[name] for name in node.inputs)).tensor
        self.nodes.append(node)
        self.tensors[made.name] = made

    def _name(self) -> str:
        return f"t{len(self.nodes)}"

    def _accumulating(self, node: AccumulatingNode) -> None:
        """Append a node with a requantization that uses the codes of its output, or with none."""
        inference = node.infer(*(self.tensors[name] for name in node.inputs))
        bounds, tensor = inference.accumulator, inference.tensor
        assert bounds is not None
        if self.random.random() < 0.05:
            self._add(node)
            return
        channels = tensor.channels if self.random.integers(2) else 1
        output = self._code_type()
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

    def _window(self, tensor: Tensor) -> Window:
        size = tuple(int(self.random.integers(1, min(n, 3) + 1)) for n in tensor.shape[:2])
        pads = [int(self.random.integers(0, n)) for n in (size[0], size[0], size[1], size[1])]
        stride = (int(self.random.integers(1, 3)), int(self.random.integers(1, 3)))
        padding = ((pads[0], pads[1]), (pads[2], pads[3]))
        return Window((size[0], size[1]), stride, padding=padding)

    def _weights(self, *shape: int) -> tuple[np.ndarray, IntegerType, Encoding]:
        kind = self._code_type()
        weight = self.random.integers(kind.minimum, kind.maximum + 1, shape)
        return weight, kind, self._encoding(Tensor.of_type("w", (1,), kind))

    # Nodes

    def _convolution(self, x: Tensor) -> None:
        window = self._window(x)
        groups = x.channels if self.random.random() < 0.3 else 1
        outputs = groups * int(self.random.integers(1, 4))
        weight, kind, encoding = self._weights(outputs, *window.size, x.channels // groups)
        node = Convolution(
            inputs=(x.name,), output=self._name(), weight=weight, weight_type=kind,
            bias=self.random.integers(-(1 << 20), 1 << 20, outputs), window=window, groups=groups,
            input_encoding=self._encoding(x), weight_encoding=encoding,
        )  # fmt: skip
        self._accumulating(node)

    def _dense(self, x: Tensor) -> None:
        outputs = int(self.random.integers(1, 6))
        weight, kind, encoding = self._weights(outputs, x.channels)
        node = FullyConnected(
            inputs=(x.name,), output=self._name(), weight=weight, weight_type=kind,
            bias=self.random.integers(-1000, 1000, outputs),
            input_encoding=self._encoding(x), weight_encoding=encoding,
        )  # fmt: skip
        self._accumulating(node)

    def _other(self, x: Tensor) -> Tensor:
        """Return a tensor that broadcasts with another: one like it, a constant, or itself."""
        same = [t for t in self.tensors.values() if t.shape == x.shape and t.type.width <= 16]
        if self.random.integers(2):
            return same[self.random.integers(len(same))]
        return self._constant(x)

    def _constant(self, x: Tensor) -> Tensor:
        """Append a constant that broadcasts with a tensor, and return it."""
        kind = self._code_type()
        shape = tuple(n if self.random.integers(2) else 1 for n in x.shape)
        values = self.random.integers(kind.minimum, kind.maximum + 1, shape)
        self._add(Constant(inputs=(), output=self._name(), values=values, type=kind))
        return self.tensors[self.nodes[-1].output]

    def _residual(self, x: Tensor) -> None:
        """Append a sum as TFLite's: 20 bits to the left, two multipliers of 31 bits."""
        first, second = x, self._other(x)
        if max(first.type.width, second.type.width) > 9:
            return
        addends = [
            Addend(
                self._encoding(tensor), int(self.random.integers(1 << 30, 1 << 31)),
                half_up_shift=int(self.random.integers(8, 20)),
                half_away_shift=int(self.random.integers(0, 3)),
                subtract=bool(self.random.integers(2)),
            )
            for tensor in (first, second)
        ]  # fmt: skip
        names = (first.name, second.name)
        self._accumulating(Add(inputs=names, output=self._name(), addends=tuple(addends)))

    def _product(self, x: Tensor) -> None:
        other = self._other(x)
        encodings = self._encoding(x), self._encoding(other)
        self._accumulating(
            Multiply(inputs=(x.name, other.name), output=self._name(), encodings=encodings)
        )

    def _mat_mul(self, x: Tensor) -> None:
        """Append rows times rows: of the tensor itself, or of one whose rows are as long."""
        fits = [
            t for t in self.tensors.values()
            if self._is_image(t) and (t.shape[0], t.shape[2]) == (x.shape[0], x.shape[2])
        ]  # fmt: skip
        other = fits[self.random.integers(len(fits))]
        encodings = self._encoding(x), self._encoding(other)
        node = MatMul(inputs=(x.name, other.name), output=self._name(), encodings=encodings)
        self._accumulating(node)

    def _min_max(self, x: Tensor) -> None:
        other = self._other(x)
        if x.type == other.type:
            greatest = bool(self.random.integers(2))
            self._add(MinMax(inputs=(x.name, other.name), output=self._name(), greatest=greatest))

    def _requantize(self, x: Tensor) -> None:
        node = Requantize(inputs=(x.name,), output=self._name(), encoding=self._encoding(x))
        self._accumulating(node)

    def _table(self, x: Tensor) -> None:
        kind = self._code_type()
        values = self.random.integers(kind.minimum, kind.maximum + 1, 1 << x.type.width)
        self._add(Table(inputs=(x.name,), output=self._name(), values=values, type=kind))

    def _limits(self, x: Tensor) -> tuple[int, int]:
        low, high = np.sort(self.random.integers(x.type.minimum, x.type.maximum + 1, 2)).tolist()
        return (low, high) if self.random.integers(2) else (x.type.minimum, x.type.maximum)

    def _clamp(self, x: Tensor) -> None:
        low, high = self._limits(x)
        self._add(Clamp(inputs=(x.name,), output=self._name(), minimum=low, maximum=high))

    def _max_pool(self, x: Tensor) -> None:
        self._pool(MaxPool, x)

    def _average_pool(self, x: Tensor) -> None:
        self._pool(AveragePool, x)

    def _pool(self, kind: type[MaxPool] | type[AveragePool], x: Tensor) -> None:
        low, high = self._limits(x)
        node = kind(
            inputs=(x.name,), output=self._name(), window=self._window(x), minimum=low, maximum=high
        )
        self._add(node)

    def _sum_pool(self, x: Tensor) -> None:
        node = SumPool(
            inputs=(x.name,),
            output=self._name(),
            window=self._window(x),
            encoding=self._encoding(x),
        )
        self._accumulating(node)

    def _mean(self, x: Tensor) -> None:
        axes = tuple(axis for axis in range(3) if self.random.integers(2)) or (1,)
        keep = bool(self.random.integers(2))
        node = Mean(
            inputs=(x.name,), output=self._name(), axes=axes, keep_dimensions=keep,
            encoding=self._encoding(x),
        )  # fmt: skip
        self._accumulating(node)

    def _concat(self, x: Tensor) -> None:
        alike = [t for t in self.tensors.values() if t.shape == x.shape and t.type == x.type]
        chosen = alike[self.random.integers(len(alike))]
        axis = int(self.random.integers(3))
        self._add(Concat(inputs=(x.name, chosen.name), output=self._name(), axis=axis))

    def _pad(self, x: Tensor) -> None:
        sizes = self.random.integers(0, 2, (3, 2)).tolist()
        padding = tuple((before, after) for before, after in sizes)
        code = int(self.random.integers(x.type.minimum, x.type.maximum + 1))
        self._add(Pad(inputs=(x.name,), output=self._name(), padding=padding, code=code))

    def _reshape(self, x: Tensor) -> None:
        shape = (x.shape[1], x.shape[0], x.shape[2])
        self._add(Reshape(inputs=(x.name,), output=self._name(), shape=shape))

    def _slice(self, x: Tensor) -> None:
        begin, size, stride = [], [], []
        for length in x.shape:
            first = int(self.random.integers(0, min(length, 3)))
            step = int(self.random.integers(1, 4))
            begin.append(first)
            stride.append(step)
            size.append(int(self.random.integers(1, (length - 1 - first) // step + 2)))
        node = Slice(
            inputs=(x.name,), output=self._name(), begin=tuple(begin), size=tuple(size),
            stride=tuple(stride),
        )  # fmt: skip
        self._add(node)

    def _gather(self, x: Tensor) -> None:
        axis = int(self.random.integers(3))
        indices = self.random.integers(0, x.shape[axis], int(self.random.integers(1, 6)))
        node = Gather(
            inputs=(x.name,), output=self._name(), axis=axis, indices=tuple(indices.tolist())
        )
        self._add(node)

    def _transpose(self, x: Tensor) -> None:
        order = tuple(int(axis) for axis in self.random.permutation(3))
        self._add(Transpose(inputs=(x.name,), output=self._name(), permutation=order))

    def _resize(self, x: Tensor) -> None:
        bits = int(self.random.integers(0, 11))
        along = []
        for length in x.shape[:2]:
            first = np.sort(self.random.integers(0, length, int(self.random.integers(1, 7))))
            weight = self.random.integers(0, 1 << bits, len(first)) * (first < length - 1)
            along.append(Interpolation(tuple(first.tolist()), tuple(weight.tolist())))
        node = ResizeBilinear(
            inputs=(x.name,), output=self._name(), rows=along[0], columns=along[1],
            fraction_bits=bits, encoding=self._encoding(x),
        )  # fmt: skip
        self._accumulating(node)

    def _arg_max(self, x: Tensor) -> None:
        self._add(ArgMax(inputs=(x.name,), output=self._name()))

    def _broadcast(self, x: Tensor) -> None:
        shape = (int(self.random.integers(1, 4)), *x.shape)
        self._add(Broadcast(inputs=(x.name,), output=self._name(), shape=shape))

    def _softmax(self, x: Tensor) -> None:
        if x.type.width > 8:
            return
        exponential = softmax_exponential(0.1, 1.0, x.type.width)
        kind = IntegerType(8, True)
        self._add(
            Softmax(inputs=(x.name,), output=self._name(), exponential=exponential, type=kind)
        )

    def _softmax16(self, x: Tensor) -> None:
        if x.type != IntegerType(16, True):
            return
        node = Softmax16(
            inputs=(x.name,), output=self._name(), exponential=softmax16_exponential(1e-4, 1.0),
            reciprocal=softmax16_reciprocal(np.float64),
        )  # fmt: skip
        self._add(node)
