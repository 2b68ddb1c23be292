"""Small random networks of every kind of layer, for what must hold whatever the network is."""

import math
from collections.abc import Callable

import numpy as np

from bittrue.golden.graph import Encoding, Graph, Node, Tensor, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.table import Table
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.numbers.softmax import softmax_exponential
from cocotb_tests.network.builder import INT8, Builder

_LARGEST = 1_500
"""Elements of a tensor above which no further layer is added."""


def random_network(seed: int) -> Graph:
    """Return a network of a few random layers and branches, with random contents."""
    network = _RandomNetwork(seed)
    return network.make()


def random_ends(seed: int) -> Graph:
    """Return a random network with several inputs, outputs, or both.

    Outputs can be read by later layers, can be inputs, and can be new shapes of other outputs.
    """
    network = _RandomNetwork(seed)
    return network.with_ends()


class _RandomNetwork:
    """Adds random layers to a graph, each to the tensor that was made last."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._means_gate = seed % 2 == 1
        shape = (self._pick(3, 9), self._pick(3, 9), self._pick(1, 8))
        self._b = Builder(shape, seed)
        self._last = self._b.inputs[0]

    def make(self) -> Graph:
        kinds: list[Callable[[], str]] = [
            self._convolution,
            self._depthwise,
            self._pointwise,
            self._pad,
            self._window_pool,
            self._residual,
            self._inverted_bottleneck,
            self._joined,
            self._gated,
            self._mixer,
            self._beatwise,
            self._constant,
            self._limited,
            self._softmax,
            self._part,
            self._shuffled,
            self._rearranged,
            self._resized,
        ]
        for _ in range(self._pick(2, 5)):
            kind = kinds[self._random.integers(len(kinds))]
            if math.prod(self._last.shape) < _LARGEST and len(self._last.shape) == 3:
                self._continue(kind())
        if self._random.random() < 0.4:
            self._continue(self._head())
        if not self._b.nodes:
            self._continue(self._convolution())
        return self._b.graph(self._last.name)

    def with_ends(self) -> Graph:
        """Return a network of which some tensors leave, and to which another comes, or two."""
        outputs = [self._last.name] if self._random.random() < 0.2 else []
        for _ in range(self._pick(0, 2)):
            self._continue(self._met())
        if self._random.random() < 0.5:
            self._continue(self._met_later())
        self.make()
        made = [self._last.name, *(node.output for node in self._b.nodes)]
        constants = {node.output for node in self._b.nodes if not node.inputs}
        while len(outputs) < 2 or self._random.random() < 0.4:
            name = str(self._random.choice(made))
            if name not in outputs and name not in constants:
                outputs.append(name)
            if len(outputs) + len(constants) >= len(set(made)):
                break
        last = self._tensor(outputs[-1])
        if self._random.random() < 0.3:
            shape = (last.elements // last.channels, last.channels)
            flat = Reshape(inputs=(last.name,), output=self._name("flat"), shape=shape)
            outputs.append(self._b.add(flat))
        return self._b.graph(*outputs)

    def _met(self) -> str:
        """Return a sum with another input."""
        name = f"in {len(self._b.inputs)}"
        return self._sum(self._last.name, self._b.add_input(name, self._last.shape))

    def _met_later(self) -> str:
        """Return another input above the last tensor, which waits until it has passed."""
        shape = (self._pick(1, 4), *self._last.shape[1:])
        first = self._b.add_input(f"in {len(self._b.inputs)}", shape)
        name = self._name("above")
        return self._b.add(Concat(inputs=(first, self._last.name), output=name, axis=0))

    def _pick(self, low: int, high: int) -> int:
        return int(self._random.integers(low, high, endpoint=True))

    def _tensor(self, name: str) -> Tensor:
        return self._b.graph(name).tensors[name]

    def _continue(self, name: str) -> None:
        self._last = self._tensor(name)

    def _name(self, kind: str) -> str:
        return f"{kind}{len(self._b.nodes)}"

    def _window(self, largest: int = 3) -> Window:
        """Return a window that fits the last tensor, whatever its padding."""
        shape = self._last.shape
        size = tuple(self._pick(1, min(largest, side)) for side in shape[:2])
        dilation = tuple(
            self._pick(1, 2) if (length - 1) * 2 < side else 1
            for length, side in zip(size, shape[:2], strict=True)
        )
        padding = tuple((self._pick(0, length - 1), self._pick(0, length - 1)) for length in size)
        stride = (self._pick(1, 2), self._pick(1, 2))
        return Window(size, stride, dilation, padding)  # type: ignore[arg-type]

    def _matrix(self, window: Window, outputs: int, groups: int = 1) -> str:
        channels = self._last.channels // groups
        shape = (outputs, *window.size, channels)
        return self._b.matrix(
            Convolution, self._last.name, shape, INT8, INT8, window=window, groups=groups
        )

    def _convolution(self) -> str:
        return self._matrix(self._window(), self._pick(1, 8))

    def _same(self) -> Window:
        """Return a window under which height and width stay."""
        size = [3 if side >= 3 else 1 for side in self._last.shape[:2]]
        padding = [((length - 1) // 2,) * 2 for length in size]
        return Window((size[0], size[1]), padding=(padding[0], padding[1]))

    def _depthwise(self) -> str:
        channels = self._last.channels
        if channels == 1:
            return self._convolution()
        window = self._same() if self._random.random() < 0.5 else self._window()
        return self._matrix(window, channels * self._pick(1, 2), channels)

    def _pointwise(self, outputs: int | None = None) -> str:
        stride = (1, 1) if outputs else (self._pick(1, 2), self._pick(1, 2))
        return self._matrix(Window((1, 1), stride), outputs or self._pick(1, 12))

    def _pad(self) -> str:
        padding = tuple((self._pick(0, 2), self._pick(0, 2)) for _ in range(2))
        padding += ((0, 0),) if self._random.random() < 0.7 else ((self._pick(0, 1), 1),)
        name = self._name("pad")
        return self._b.add(Pad(inputs=(self._last.name,), output=name, padding=padding, code=0))

    def _sliced(self, source: Tensor, begin: list[int], size: list[int], stride: list[int]) -> str:
        return self._b.add(
            Slice(
                inputs=(source.name,),
                output=self._name("slice"),
                begin=tuple(begin),
                size=tuple(size),
                stride=tuple(stride),
            )
        )

    def _part(self) -> str:
        """Return some rows, columns and channels."""
        begin = [self._pick(0, min(2, length - 1)) for length in self._last.shape]
        stride = [self._pick(1, 2), self._pick(1, 3), 1 if self._random.random() < 0.7 else 2]
        size = [
            self._pick(1, (length - 1 - first) // step + 1)
            for length, first, step in zip(self._last.shape, begin, stride, strict=True)
        ]
        return self._sliced(self._last, begin, size, stride)

    def _shuffled(self) -> str:
        """Return both parts of an image, the later one before the other."""
        start, axis = self._last, self._pick(0, 2)
        length = start.shape[axis]
        if length == 1:
            return self._convolution()
        cut = self._pick(1, length - 1)
        parts = []
        for first, end in ((cut, length), (0, cut)):
            begin, size = [0, 0, 0], list(start.shape)
            begin[axis], size[axis] = first, end - first
            parts.append(self._sliced(start, begin, size, [1, 1, 1]))
        return self._b.add(Concat(inputs=tuple(parts), output=self._name("concat"), axis=axis))

    def _rearranged(self) -> str:
        """Return dimensions in another order, or elements of one by number.

        As many as there are, or more: those left out wait while a slower reader takes others.
        """
        start, name = self._last, self._name("moved")
        if self._random.random() < 0.5:
            order = tuple(self._random.permutation(3).tolist())
            return self._b.add(Transpose(inputs=(start.name,), output=name, permutation=order))
        axis = self._pick(0, 2)
        length = start.shape[axis]
        indices = self._random.integers(0, length, length + self._pick(0, 3))
        return self._b.add(
            Gather(inputs=(start.name,), output=name, axis=axis, indices=tuple(indices.tolist()))
        )

    def _resized(self) -> str:
        along = []
        for length in self._last.shape[:2]:
            places = np.linspace(0, (length - 1) * 64, length + self._pick(0, 5)).astype(int)
            first, weight = np.divmod(places, 64)
            along.append(Interpolation(tuple(first.tolist()), tuple(weight.tolist())))
        return self._b.scaled(
            ResizeBilinear,
            INT8,
            1,
            inputs=(self._last.name,),
            rows=along[0],
            columns=along[1],
            fraction_bits=6,
        )

    def _window_pool(self) -> str:
        kind = MaxPool if self._random.random() < 0.5 else AveragePool
        window = self._same() if self._random.random() < 0.5 else self._window()
        if kind is AveragePool and window.dilation != (1, 1):
            window = self._same()
        low, high = self._last.minimum, self._last.maximum
        return self._b.add(
            kind(
                inputs=(self._last.name,),
                output=self._name("pool"),
                window=window,
                minimum=low,
                maximum=high,
            )
        )

    def _sum(self, one: str, other: str) -> str:
        return self._b.scaled(Add, INT8, 1, inputs=(one, other), addends=(Addend(), Addend()))

    def _residual(self) -> str:
        start = self._last
        for _ in range(self._pick(1, 3)):
            if self._random.random() < 0.5:
                self._continue(self._matrix(self._same(), start.channels))
            else:
                self._continue(self._pointwise(start.channels))
        return self._sum(start.name, self._last.name)

    def _inverted_bottleneck(self) -> str:
        start = self._last
        wide = start.channels * self._pick(2, 4)
        self._continue(self._pointwise(wide))
        self._continue(self._matrix(self._same(), wide, wide))
        self._continue(self._pointwise(start.channels))
        return self._sum(start.name, self._last.name)

    def _joined(self) -> str:
        start, axis = self._last, self._pick(0, 2)
        branches = []
        for _ in range(self._pick(2, 3)):
            self._last = start
            outputs = start.channels if axis < 2 else self._pick(1, 6)
            branches.append(
                self._matrix(self._same(), outputs)
                if self._random.random() < 0.5
                else self._pointwise(outputs)
            )
        return self._b.add(Concat(inputs=tuple(branches), output=self._name("concat"), axis=axis))

    def _gated(self) -> str:
        start = self._last
        if self._means_gate:
            return self._excited()
        gate = self._matrix(self._same(), start.channels)
        return self._b.scaled(
            Multiply, INT8, 1, inputs=(start.name, gate), encodings=(Encoding(), Encoding(3))
        )

    def _excited(self) -> str:
        """Return a product with what the whole image decides for each channel."""
        start = self._last
        self._continue(self._mean(keep_dimensions=self._random.random() < 0.5))
        if len(self._last.shape) == 3:
            self._continue(self._pointwise(start.channels))
        operands = [start.name, self._last.name]
        if self._random.random() < 0.5:
            return self._sum(*operands)
        return self._b.scaled(
            Multiply, INT8, 1, inputs=tuple(operands), encodings=(Encoding(), Encoding(3))
        )

    def _mixer(self) -> str:
        """Return a sum with what all pixels of an image contribute to."""
        start = self._last
        height, width, channels = start.shape
        flat = (channels, height * width)
        turned = self._b.add(Reshape(inputs=(start.name,), output=self._name("turned"), shape=flat))
        for size in (self._pick(2, 12), flat[1]):
            inputs = self._tensor(turned).channels
            turned = self._b.matrix(FullyConnected, turned, (size, inputs), INT8, INT8)
        back = self._b.add(Reshape(inputs=(turned,), output=self._name("back"), shape=start.shape))
        return self._sum(start.name, back)

    def _beatwise(self) -> str:
        name, tensor = self._name("code"), self._last
        node: Node
        match self._pick(0, 2):
            case 0:
                codes = self._random.integers(-128, 127, 1 << tensor.type.width)
                node = Table(inputs=(tensor.name,), output=name, values=codes, type=INT8)
            case 1:
                node = Clamp(inputs=(tensor.name,), output=name, minimum=-50, maximum=90)
            case _:
                return self._b.scaled(
                    Requantize, INT8, 1, inputs=(tensor.name,), encoding=Encoding(4)
                )
        return self._b.add(node)

    def _constant(self) -> str:
        start = self._last
        codes = self._random.integers(-128, 127, start.shape)
        constant = self._b.add(
            Constant(inputs=(), output=self._name("constant"), values=codes, type=INT8)
        )
        return self._sum(start.name, constant)

    def _limited(self) -> str:
        """Return the greater of an image's codes and of a number for each channel."""
        start = self._last
        if start.type != INT8:
            return self._pointwise(start.channels)
        codes = self._random.integers(-100, 50, start.channels)
        limits = self._b.add(
            Constant(inputs=(), output=self._name("limits"), values=codes, type=INT8)
        )
        return self._b.add(
            MinMax(
                inputs=(limits, start.name),
                output=self._name("limited"),
                greatest=self._random.random() < 0.5,
            )
        )

    def _softmax(self) -> str:
        if self._last.elements > 100:
            return self._pointwise(self._pick(1, 4))
        table = softmax_exponential(0.1, 1.0, self._last.type.width)
        name = self._name("softmax")
        return self._b.add(
            Softmax(inputs=(self._last.name,), output=name, exponential=table, type=INT8)
        )

    def _mean(self, keep_dimensions: bool) -> str:
        return self._b.scaled(
            Mean,
            INT8,
            1,
            inputs=(self._last.name,),
            axes=(0, 1),
            keep_dimensions=keep_dimensions,
            encoding=Encoding(),
        )

    def _head(self) -> str:
        mean = self._mean(keep_dimensions=False)
        channels = self._tensor(mean).channels
        dense = self._b.matrix(FullyConnected, mean, (self._pick(2, 10), channels), INT8, INT8)
        if self._random.random() < 0.5:
            return dense
        return self._b.add(ArgMax(inputs=(dense,), output="class"))
