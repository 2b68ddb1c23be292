"""Random integer graphs of every node, width and rounding."""

from collections.abc import Callable
from dataclasses import replace

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


class RandomGraph:
    """Nodes appended to a random image, each to a tensor that is there."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        height, width, channels = (int(n) for n in self.random.integers(3, 7, 3))
        self.inputs = [Tensor.of_type("x", (height, width, channels), self.code_type())]
        self.nodes: list[Node] = []
        self.tensors = {"x": self.inputs[0]}

    def build(self, length: int) -> Graph:
        """Return a graph of a number of layers, with all that nothing reads as outputs."""
        steps: list[Callable[[Tensor], None]] = [
            self.convolution, self.convolution, self.dense, self.residual, self.residual,
            self.product, self.requantize, self.table, self.clamp, self.max_pool,
            self.average_pool, self.sum_pool, self.mean, self.concat, self.pad, self.reshape,
            self.arg_max, self.broadcast, self.softmax, self.softmax16, self.slice, self.min_max,
            self.gather, self.transpose, self.resize, self.mat_mul,
        ]  # fmt: skip
        while len(self.nodes) < length:
            step = steps[self.random.integers(len(steps))]
            images = [t for t in self.tensors.values() if self._is_image(t)]
            step(images[self.random.integers(len(images))])
        read = {name for node in self.nodes for name in node.inputs}
        outputs = tuple(node.output for node in self.nodes if node.output not in read)
        return Graph(tuple(self.inputs), tuple(self.nodes), outputs)

    def _is_image(self, tensor: Tensor) -> bool:
        return len(tensor.shape) == 3 and tensor.type.width <= 16 and min(tensor.shape) >= 1

    def code_type(self) -> IntegerType:
        """Return a type of codes, of 8 bits most often."""
        widths = [8, 8, 8, 16, int(self.random.integers(1, 17))]
        width = widths[self.random.integers(len(widths))]
        return IntegerType(width, bool(self.random.integers(2)) and width > 1)

    def encoding(self, tensor: Tensor) -> Encoding:
        """Return an encoding of a tensor's codes."""
        if tensor.type == IntegerType(1, False) and self.random.integers(2):
            return Encoding(bipolar=True)
        if self.random.integers(2):
            return Encoding()
        low, high = tensor.type.minimum, tensor.type.maximum
        return Encoding(int(self.random.integers(low, high + 1)))

    def add(self, node: Node) -> None:
        made = node.infer(*(self.tensors[name] for name in node.inputs)).tensor
        self.nodes.append(node)
        self.tensors[made.name] = made

    def name(self) -> str:
        return f"t{len(self.nodes)}"

    def accumulating(self, node: AccumulatingNode) -> None:
        """Append a node with a requantization that uses the codes of its output, or with none."""
        inference = node.infer(*(self.tensors[name] for name in node.inputs))
        bounds, tensor = inference.accumulator, inference.tensor
        assert bounds is not None
        if self.random.random() < 0.05:
            self.add(node)
            return
        channels = tensor.channels if self.random.integers(2) else 1
        output = self.code_type()
        reach = max(abs(tensor.minimum), abs(tensor.maximum), 1)
        scale = (2.0**output.width / reach) * 2.0 ** self.random.uniform(-3, 2, channels)
        scale = np.clip(scale, 2.0**-30, 2.0**29)
        multiplier, exponent = quantize_multiplier(scale)
        spec = RequantSpec(
            replace(bounds.type, width=max(bounds.type.width, 2)), output, maximum_exponent=31,
            roundings=(rounding := ROUNDINGS[self.random.integers(len(ROUNDINGS))],),
        )  # fmt: skip
        zero = int(self.random.integers(output.minimum, output.maximum + 1))
        low = int(self.random.integers(output.minimum, zero + 1))
        high = int(self.random.integers(zero, output.maximum + 1))
        limits = (low, high) if self.random.random() < 0.3 else (output.minimum, output.maximum)
        given = RequantChannels(spec, multiplier, exponent, zero, *limits)
        self.add(replace(node, requantization=FixedPoint(given, rounding)))

    def window(self, tensor: Tensor) -> Window:
        size = tuple(int(self.random.integers(1, min(n, 3) + 1)) for n in tensor.shape[:2])
        pads = [int(self.random.integers(0, n)) for n in (size[0], size[0], size[1], size[1])]
        stride = (int(self.random.integers(1, 3)), int(self.random.integers(1, 3)))
        padding = ((pads[0], pads[1]), (pads[2], pads[3]))
        return Window((size[0], size[1]), stride, padding=padding)

    def weights(self, *shape: int) -> tuple[np.ndarray, IntegerType, Encoding]:
        kind = self.code_type()
        weight = self.random.integers(kind.minimum, kind.maximum + 1, shape)
        return weight, kind, self.encoding(Tensor.of_type("w", (1,), kind))

    # Nodes

    def convolution(self, x: Tensor) -> None:
        window = self.window(x)
        groups = x.channels if self.random.random() < 0.3 else 1
        outputs = groups * int(self.random.integers(1, 4))
        weight, kind, encoding = self.weights(outputs, *window.size, x.channels // groups)
        node = Convolution(
            inputs=(x.name,), output=self.name(), weight=weight, weight_type=kind,
            bias=self.random.integers(-(1 << 20), 1 << 20, outputs), window=window, groups=groups,
            input_encoding=self.encoding(x), weight_encoding=encoding,
        )  # fmt: skip
        self.accumulating(node)

    def dense(self, x: Tensor) -> None:
        outputs = int(self.random.integers(1, 6))
        weight, kind, encoding = self.weights(outputs, x.channels)
        node = FullyConnected(
            inputs=(x.name,), output=self.name(), weight=weight, weight_type=kind,
            bias=self.random.integers(-1000, 1000, outputs),
            input_encoding=self.encoding(x), weight_encoding=encoding,
        )  # fmt: skip
        self.accumulating(node)

    def other(self, x: Tensor) -> Tensor:
        """Return a tensor that broadcasts with another: one like it, a constant, or itself."""
        same = [t for t in self.tensors.values() if t.shape == x.shape and t.type.width <= 16]
        if self.random.integers(2):
            return same[self.random.integers(len(same))]
        kind = self.code_type()
        shape = tuple(n if self.random.integers(2) else 1 for n in x.shape)
        values = self.random.integers(kind.minimum, kind.maximum + 1, shape)
        self.add(Constant(inputs=(), output=self.name(), values=values, type=kind))
        return self.tensors[self.nodes[-1].output]

    def residual(self, x: Tensor) -> None:
        """Append a sum as TFLite's: 20 bits to the left, two multipliers of 31 bits."""
        first, second = x, self.other(x)
        if max(first.type.width, second.type.width) > 9:
            return
        addends = [
            Addend(
                self.encoding(tensor), int(self.random.integers(1 << 30, 1 << 31)),
                half_up_shift=int(self.random.integers(8, 20)),
                half_away_shift=int(self.random.integers(0, 3)),
                subtract=bool(self.random.integers(2)),
            )
            for tensor in (first, second)
        ]  # fmt: skip
        names = (first.name, second.name)
        self.accumulating(Add(inputs=names, output=self.name(), addends=tuple(addends)))

    def product(self, x: Tensor) -> None:
        other = self.other(x)
        encodings = self.encoding(x), self.encoding(other)
        self.accumulating(
            Multiply(inputs=(x.name, other.name), output=self.name(), encodings=encodings)
        )

    def mat_mul(self, x: Tensor) -> None:
        """Append rows times rows: of the tensor itself, or of one whose rows are as long."""
        fits = [
            t for t in self.tensors.values()
            if self._is_image(t) and (t.shape[0], t.shape[2]) == (x.shape[0], x.shape[2])
        ]  # fmt: skip
        other = fits[self.random.integers(len(fits))]
        encodings = self.encoding(x), self.encoding(other)
        node = MatMul(inputs=(x.name, other.name), output=self.name(), encodings=encodings)
        self.accumulating(node)

    def min_max(self, x: Tensor) -> None:
        other = self.other(x)
        if x.type == other.type:
            greatest = bool(self.random.integers(2))
            self.add(MinMax(inputs=(x.name, other.name), output=self.name(), greatest=greatest))

    def requantize(self, x: Tensor) -> None:
        node = Requantize(inputs=(x.name,), output=self.name(), encoding=self.encoding(x))
        self.accumulating(node)

    def table(self, x: Tensor) -> None:
        kind = self.code_type()
        values = self.random.integers(kind.minimum, kind.maximum + 1, 1 << x.type.width)
        self.add(Table(inputs=(x.name,), output=self.name(), values=values, type=kind))

    def limits(self, x: Tensor) -> tuple[int, int]:
        low, high = np.sort(self.random.integers(x.type.minimum, x.type.maximum + 1, 2)).tolist()
        return (low, high) if self.random.integers(2) else (x.type.minimum, x.type.maximum)

    def clamp(self, x: Tensor) -> None:
        low, high = self.limits(x)
        self.add(Clamp(inputs=(x.name,), output=self.name(), minimum=low, maximum=high))

    def max_pool(self, x: Tensor) -> None:
        self._pool(MaxPool, x)

    def average_pool(self, x: Tensor) -> None:
        self._pool(AveragePool, x)

    def _pool(self, kind: type[MaxPool] | type[AveragePool], x: Tensor) -> None:
        low, high = self.limits(x)
        node = kind(
            inputs=(x.name,), output=self.name(), window=self.window(x), minimum=low, maximum=high
        )
        self.add(node)

    def sum_pool(self, x: Tensor) -> None:
        node = SumPool(
            inputs=(x.name,), output=self.name(), window=self.window(x), encoding=self.encoding(x)
        )
        self.accumulating(node)

    def mean(self, x: Tensor) -> None:
        axes = tuple(axis for axis in range(3) if self.random.integers(2)) or (1,)
        keep = bool(self.random.integers(2))
        node = Mean(
            inputs=(x.name,), output=self.name(), axes=axes, keep_dimensions=keep,
            encoding=self.encoding(x),
        )  # fmt: skip
        self.accumulating(node)

    def concat(self, x: Tensor) -> None:
        alike = [t for t in self.tensors.values() if t.shape == x.shape and t.type == x.type]
        chosen = alike[self.random.integers(len(alike))]
        axis = int(self.random.integers(3))
        self.add(Concat(inputs=(x.name, chosen.name), output=self.name(), axis=axis))

    def pad(self, x: Tensor) -> None:
        sizes = self.random.integers(0, 2, (3, 2)).tolist()
        padding = tuple((before, after) for before, after in sizes)
        code = int(self.random.integers(x.type.minimum, x.type.maximum + 1))
        self.add(Pad(inputs=(x.name,), output=self.name(), padding=padding, code=code))

    def reshape(self, x: Tensor) -> None:
        shape = (x.shape[1], x.shape[0], x.shape[2])
        self.add(Reshape(inputs=(x.name,), output=self.name(), shape=shape))

    def slice(self, x: Tensor) -> None:
        begin, size, stride = [], [], []
        for length in x.shape:
            first = int(self.random.integers(0, min(length, 3)))
            step = int(self.random.integers(1, 4))
            begin.append(first)
            stride.append(step)
            size.append(int(self.random.integers(1, (length - 1 - first) // step + 2)))
        node = Slice(
            inputs=(x.name,), output=self.name(), begin=tuple(begin), size=tuple(size),
            stride=tuple(stride),
        )  # fmt: skip
        self.add(node)

    def gather(self, x: Tensor) -> None:
        axis = int(self.random.integers(3))
        indices = self.random.integers(0, x.shape[axis], int(self.random.integers(1, 6)))
        node = Gather(
            inputs=(x.name,), output=self.name(), axis=axis, indices=tuple(indices.tolist())
        )
        self.add(node)

    def transpose(self, x: Tensor) -> None:
        order = tuple(int(axis) for axis in self.random.permutation(3))
        self.add(Transpose(inputs=(x.name,), output=self.name(), permutation=order))

    def resize(self, x: Tensor) -> None:
        bits = int(self.random.integers(0, 11))
        along = []
        for length in x.shape[:2]:
            first = np.sort(self.random.integers(0, length, int(self.random.integers(1, 7))))
            weight = self.random.integers(0, 1 << bits, len(first)) * (first < length - 1)
            along.append(Interpolation(tuple(first.tolist()), tuple(weight.tolist())))
        node = ResizeBilinear(
            inputs=(x.name,), output=self.name(), rows=along[0], columns=along[1],
            fraction_bits=bits, encoding=self.encoding(x),
        )  # fmt: skip
        self.accumulating(node)

    def arg_max(self, x: Tensor) -> None:
        self.add(ArgMax(inputs=(x.name,), output=self.name()))

    def broadcast(self, x: Tensor) -> None:
        shape = (int(self.random.integers(1, 4)), *x.shape)
        self.add(Broadcast(inputs=(x.name,), output=self.name(), shape=shape))

    def softmax(self, x: Tensor) -> None:
        if x.type.width > 8:
            return
        exponential = softmax_exponential(0.1, 1.0, x.type.width)
        kind = IntegerType(8, True)
        self.add(Softmax(inputs=(x.name,), output=self.name(), exponential=exponential, type=kind))

    def softmax16(self, x: Tensor) -> None:
        if x.type != IntegerType(16, True):
            return
        node = Softmax16(
            inputs=(x.name,), output=self.name(), exponential=softmax16_exponential(1e-4, 1.0),
            reciprocal=softmax16_reciprocal(np.float64),
        )  # fmt: skip
        self.add(node)
