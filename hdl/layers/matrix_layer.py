"""Convolutions and dense layers."""

import numpy as np
from amaranth.hdl import C, Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import AccumulatorBounds, Convolution, FullyConnected, Tensor
from hdl.layers.channel_requant import ChannelRequantizer
from hdl.layers.codes import code_stream
from hdl.layers.connection import connect
from hdl.layers.folding import Folding
from hdl.layers.matrix_geometry import MatrixGeometry
from hdl.layers.matrix_vector import MatrixVector, MatrixVectorSpec
from hdl.layers.serializer import Serializer
from hdl.layers.sliding_window import SlidingWindow
from hdl.layers.subsample import Subsample

Int64 = NDArray[np.int64]


class MatrixLayer(wiring.Component):
    """A convolution or dense layer of a graph.

    The input's zero point is folded into the bias: padding reads the zero point itself, so every
    tap counts. An input of bipolar codes, -1 or +1, is multiplied as 0 or 1; doubling the sum and
    a constant in the bias make up for it.

    Parameters
    ----------
    node : Convolution or FullyConnected
        Weights, bias, encodings and requantization.
    tensor : Tensor
        What it reads.
    bounds : AccumulatorBounds
        What its accumulators reach.
    folding : Folding
        Products per cycle, and what multiplies.
    input_lanes, output_lanes : int
        Elements of a beat of the input and of the output.
    name : str
        Prefix of the names of its ROM files; unique within a design.

    Members
    -------
    i : In(code_stream(tensor.type, input_lanes))
        The input tensor.
    o : Out(code_stream(output type, output_lanes))
        The output tensor.

    One image takes `cycles` cycles, and images overlap; see `SlidingWindow` for when the first
    output comes. Full throughput under back-pressure.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    def __init__(
        self,
        node: Convolution | FullyConnected,
        tensor: Tensor,
        bounds: AccumulatorBounds,
        folding: Folding,
        input_lanes: int = 1,
        output_lanes: int = 1,
        name: str = "layer",
    ) -> None:
        encoding = node.input_encoding
        self.geometry = geometry = MatrixGeometry.of(node, tensor)
        if encoding.bipolar and geometry.window.padding != ((0, 0), (0, 0)):
            raise UserError(
                "its input is bipolar and padded; -1 and +1 have no zero to pad with, so pad "
                "with one of them before"
            )
        self.node = node
        self.tensor = tensor
        self.folding = folding
        self.input_lanes = input_lanes
        self.output_lanes = output_lanes
        self.name = name
        self.accumulator = bounds.type
        self.window = geometry.window_spec(folding, tensor, encoding.zero_point, input_lanes)
        self.matrix = MatrixVectorSpec(
            code=tensor.type,
            weights=self._ordered_weights(),
            accumulator=self.accumulator,
            groups=folding.elements if geometry.depthwise else 1,
            multiplier=folding.multiplier,
        )
        output = node.requantization.output if node.requantization else self.accumulator
        super().__init__(
            {
                "i": In(code_stream(tensor.type, input_lanes)),
                "o": Out(code_stream(output, output_lanes)),
            }
        )

    @property
    def cycles(self) -> int:
        """Cycles between images when neither side waits."""
        geometry = self.geometry
        frames = self.window.cycles // self.matrix.beats
        sending = max(self.matrix.beats, self.folding.outputs // self.output_lanes)
        return max(frames * sending, self.tensor.elements // self.input_lanes, geometry.positions)

    @property
    def multipliers(self) -> int:
        """Products per cycle."""
        lanes = self.folding.rows if self.geometry.depthwise else self.folding.simd
        return self.folding.outputs * lanes

    @property
    def outputs_ahead(self) -> int:
        """Elements of a row of the output; its input is taken while the row before is computed."""
        return self.window.output_size[1] * self.geometry.outputs

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements of an image must have come before each output can leave.

        Parameters
        ----------
        outputs : ndarray of int64
            Places of elements in the output image, from 0.
        """
        row = outputs // self.outputs_ahead
        _, width, channels = self.window.shape
        needed = self.window.needed_rows[row] * width * channels
        if self.geometry.subsampling == (1, 1):
            return needed
        return self._subsample().inputs_needed(needed - 1)

    def elaborate(self, platform: object) -> Module:
        """Chain window, matrix, serializer and requantizer."""
        m = Module()
        chain: list[tuple[str, wiring.Component]] = []
        if self.geometry.subsampling != (1, 1):
            chain.append(("subsample", self._subsample()))
        chain += [
            ("window", SlidingWindow(self.window)),
            ("matrix", MatrixVector(self.matrix, self.name)),
        ]
        if self.folding.outputs != self.output_lanes:
            chain.append(("serializer", self._serializer()))
        source = self.i
        for name, component in chain:
            m.submodules[name] = component
            connect(m, source, component.i)
            source = component.o
        m.submodules.requantizer = requantizer = self._requantizer()
        connect(m, source, requantizer.i, self._sums(source.payload.as_value()))
        connect(m, requantizer.o, self.o)
        return m

    def _subsample(self) -> Subsample:
        height, width, channels = self.tensor.shape
        shape = height, width, channels
        return Subsample(self.tensor.type, shape, self.geometry.subsampling, self.input_lanes)

    def _serializer(self) -> Serializer:
        return Serializer(
            self.accumulator, self.geometry.outputs, self.folding.outputs, self.output_lanes
        )

    def _requantizer(self) -> ChannelRequantizer:
        return ChannelRequantizer(
            self.node.requantization,
            self.accumulator,
            self._bias(),
            self.geometry.outputs,
            self.output_lanes,
            self.name,
        )

    def _bias(self) -> Int64:
        """Return what is added to each output's sum of products of codes."""
        weight, encoding = self.geometry.weight, self.node.input_encoding
        total = weight.sum(axis=(1, 2, 3))
        if not encoding.bipolar:
            return self.node.bias - encoding.zero_point * total
        # The sum of (2 c - 1) w is twice that of c w, less that of w; and with w of -1 or +1 too,
        # twice the number of equal bits less the number of products.
        products = weight[0].size
        return self.node.bias - (products if self.folding.multiplier is None else total)

    def _ordered_weights(self) -> Int64:
        weights = self.geometry.folded_weights(self.folding)
        if self.folding.multiplier is not None:
            return weights
        if self.window.run % self.folding.elements:
            raise UserError(
                f"elements is {self.folding.elements}; for XNOR, divisors of {self.window.run}"
            )
        return np.where(weights == 0, 1, weights)  # Outputs that do not exist.

    def _sums(self, raw: Value) -> Value:
        """Return sums of products in place of sums over bipolar codes taken as 0 or 1."""
        if not self.node.input_encoding.bipolar:
            return raw
        width = self.accumulator.width
        return Cat(
            Cat(C(0, 1), raw[first : first + width - 1]) for first in range(0, len(raw), width)
        )
