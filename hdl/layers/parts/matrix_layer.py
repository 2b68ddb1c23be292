"""A convolution or dense layer of a graph with everything decided that makes it a circuit."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from amaranth.hdl import C, Cat, Module, Value

from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatorBounds, MatrixNode, Tensor
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import usual_ram, usual_rom
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import rom_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.admission import admitted, results_fifo
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.connection import connect, feed
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.parts.matrix_costs import accumulators_cost, sending_cost
from bittrue.hdl.layers.parts.matrix_geometry import MatrixGeometry
from bittrue.hdl.layers.parts.matrix_vector import MatrixVector, MatrixVectorSpec
from bittrue.hdl.layers.parts.serializer import Serializer
from bittrue.hdl.layers.parts.sliding_window import (
    VECTOR_CONTROL,
    WINDOW_CONTROL,
    SlidingWindow,
    window_cost,
)
from bittrue.hdl.layers.parts.subsample import Subsample
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec
from bittrue.hdl.multipliers.multiplier import Multiplier, Operands


@dataclass(frozen=True, eq=False)
class MatrixLayerSpec(LayerSpec):
    """A matrix layer, its folding, and the lanes of its streams.

    Parameters
    ----------
    node : MatrixNode
        Weights, bias, encodings and requantization.
    geometry : MatrixGeometry
        The layer as windows times weights.
    tensors : tuple of Tensor
        The one it reads.
    bounds : AccumulatorBounds
        What its accumulators reach.
    folding : Folding
        Products per cycle, and what multiplies.
    given_lanes, output_lanes : int
        Elements of a beat of the input and of the output.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    node: MatrixNode
    geometry: MatrixGeometry
    tensors: tuple[Tensor, ...]
    bounds: AccumulatorBounds
    folding: Folding
    given_lanes: int = 1
    output_lanes: int = 1

    @classmethod
    def at(cls, node: MatrixNode, geometry: MatrixGeometry, place: Place) -> "MatrixLayerSpec":
        """Return a layer at its place in a network."""
        assert place.bounds is not None
        folding = place.folding or geometry.least_folding
        lanes = place.lanes[0], place.output_lanes
        return cls(node, geometry, place.tensors, place.bounds, folding, *lanes)

    def __post_init__(self) -> None:
        padded = self.geometry.window.padding != ((0, 0), (0, 0))
        if self.node.input_encoding.bipolar and padded:
            raise UserError(
                "its input is bipolar and padded; -1 and +1 have no zero to pad with, so pad "
                "with one of them before"
            )
        _ = self.matrix  # Refuses a folding that does not fit.

    @property
    def tensor(self) -> Tensor:
        """What it reads."""
        return self.tensors[0]

    @property
    def input_lanes(self) -> tuple[int, ...]:
        """Elements of a beat of the input."""
        return (self.given_lanes,)

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of its accumulators."""
        return self.node.requantization

    @property
    def accumulator(self) -> IntegerType:
        """Type that holds every accumulator."""
        return self.bounds.type

    @cached_property
    def output(self) -> Tensor:
        """What it makes."""
        return self.node.infer(self.tensor).tensor

    @cached_property
    def window(self) -> SlidingWindowSpec:
        """How the windows are read; outside of the tensor is the code of zero."""
        zero = self.node.input_encoding.zero_point
        return self.geometry.window_spec(
            self.folding, self.tensor, zero, self.given_lanes, self.passes
        )

    @cached_property
    def matrix(self) -> MatrixVectorSpec:
        """The weights in the order in which the windows need them."""
        return MatrixVectorSpec(
            self.operands,
            self._ordered_weights(),
            self.accumulator,
            self.folding.multiplier,
            self.folding.elements if self.geometry.depthwise else 1,
            self.folding.weights,
        )

    @cached_property
    def operands(self) -> Operands:
        """What is multiplied."""
        bipolar = self.node.input_encoding.bipolar
        return Operands(self.geometry.values, self.tensor.type, bipolar)

    @property
    def passes(self) -> int:
        """How often the window is read for a frame of outputs."""
        return len(self.folding.multiplier.digits(self.operands).passes)

    @property
    def bias(self) -> Int64:
        """What is added to each output's sum of products of codes."""
        return self.bias_behind(self.folding.multiplier)

    def bias_behind(self, multiplier: Multiplier) -> Int64:
        """Return what is added to the sums of a multiplier."""
        weight, encoding = self.geometry.weight, self.node.input_encoding
        total = weight.sum(axis=(1, 2, 3))
        if not encoding.bipolar:
            return self.node.bias - encoding.zero_point * total
        # The sum of (2 c - 1) w is twice that of c w, less that of w; and with w of -1 or +1 too,
        # twice the number of equal bits less the number of products.
        products = weight[0].size
        return self.node.bias - (products if multiplier.counts_matches else total)

    @property
    def multipliers(self) -> int:
        """Products per cycle, or parts of products where there are several passes."""
        lanes = self.folding.rows if self.geometry.depthwise else self.folding.simd
        return self.folding.outputs * lanes

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What makes codes of the sums of products, as a circuit."""
        return ChannelRequantSpec(
            self.requantization,
            self.accumulator,
            self.bias,
            self.geometry.outputs,
            self.output_lanes,
            self.folding.constants,
            self.folding.scales_in_logic,
        )

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs, when it is the first to be computed."""
        subsampling = Subsample.latency if self.geometry.subsampling != (1, 1) else 0
        return subsampling + self.stages + BUFFER_LATENCY

    @property
    def stages(self) -> int:
        """Cycles from the beginning of a frame's last beat to its first codes."""
        serializing = Serializer.LATENCY if self.serializes else 0
        reading = SlidingWindow.LATENCY + self.matrix.latency
        return reading + serializing + self.requantizer.latency

    @property
    def serializes(self) -> bool:
        """Whether more outputs are computed at once than are sent."""
        return self.folding.outputs != self.output_lanes

    @property
    def outputs_together(self) -> int:
        """Elements of a position, which are computed from the same window."""
        return self.geometry.outputs

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        geometry, folding, matrix = self.geometry, self.folding, self.matrix
        products = folding.multiplier.costs(
            self.operands, matrix.groups, folding.outputs, matrix.lanes
        )
        width = self.accumulator.width
        sending = sending_cost(
            folding.outputs, width, self.output_lanes, self.requantizer.output.width
        )
        codes, depth, _ = self.window.memory_shape
        rows = folding.window or usual_ram(codes * self.tensor.type.width, depth)
        weights = folding.weights or usual_rom(matrix.words)
        constants = folding.constants or usual_rom(geometry.outputs // self.output_lanes)
        return (
            (VECTOR_CONTROL if self.window.window.taps == 1 else WINDOW_CONTROL)
            + accumulators_cost(folding.outputs, width)
            + sending.sum()
            + products
            + window_cost(self.window, rows, fabric)
            + rom_cost(matrix.word_width, matrix.words, weights, fabric)
            + self.requantizer.costs(fabric)
            + self.requantizer.memory_costs(constants, fabric)
        )

    def build(self, name: str) -> "MatrixLayer":
        """Return the circuit."""
        return MatrixLayer(self, name)

    def cycles_per_image(self) -> int:
        """Return the cycles between images when neither side waits."""
        computing = self.geometry.cycles(self.matrix.beats, self.folding.outputs, self.output_lanes)
        return max(int(computing), self.tensor.elements // self.given_lanes)

    @property
    def outputs_ahead(self) -> int:
        """Elements of a row of the output; its input is taken while the row before is computed."""
        return self.window.output_size[1] * self.geometry.outputs

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        windows = outputs // self.outputs_ahead
        if self.geometry.subsampling == (1, 1):
            return (self.window.elements_needed(windows),)
        rows = self.window.needed_rows[windows]
        _, width, channels = self.window.shape
        # Of the last row, all up to the last pixel that is kept.
        down, across = self.geometry.subsampling
        pixels = (rows - 1) * down * self.tensor.shape[1] + (width - 1) * across + 1
        return (pixels * channels,)

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return before which output's turn each element of the input is taken at the latest.

        Outputs of the image before are negative. An element is taken once there is room for its
        row, that is when the windows that free it have been read.
        """
        width, channels = self.window.shape[1:]
        row = width * channels
        if self.geometry.subsampling != (1, 1):
            row = self.geometry.subsampling[0] * self.tensor.shape[1] * channels
        rows = np.arange(self.tensor.elements) // row
        return (self.window.freeing_row(rows) + 1) * self.outputs_ahead

    def _ordered_weights(self) -> Int64:
        weights = self.geometry.folded_weights(self.folding)
        if self.folding.multiplier.counts_matches and self.window.run % self.folding.elements:
            raise UserError(
                f"elements is {self.folding.elements}; for {self.folding.multiplier.name}, "
                f"divisors of {self.window.run}"
            )
        return weights


class MatrixLayer(Layer[MatrixLayerSpec]):
    """A convolution or dense layer of a graph.

        o = requantize(bias + sum of weights * (window - zero point))

    The input's zero point is folded into the bias: padding reads the zero point itself, so every
    tap counts. An input of bipolar codes, -1 or +1, is multiplied as 0 or 1; doubling the sum and
    a constant in the bias make up for it.

    Parameters
    ----------
    spec : MatrixLayerSpec
        The layer and its folding.
    name : str
        Prefix of the names of its ROM files; unique within a design.

    Members
    -------
    i : In(code_stream(type of the tensor, spec.given_lanes))
        The input tensor.
    o : Out(code_stream(type of the output, spec.output_lanes))
        The output tensor.

    One image takes ``spec.cycles_per_image()`` cycles, and images overlap; see `SlidingWindow`
    for when the first output comes, ``spec.latency`` cycles after the last input that it needs.
    From the window to the codes nothing ever stalls: while codes wait in the FIFO at the end,
    windows are read as long as it has room for all codes under way; see `Admission`. Input is
    refused once all rows of the window are in use. ``i.ready`` and ``o.valid`` come from registers.
    """

    def elaborate(self, platform: object) -> Module:
        """Chain window, matrix, serializer and requantizer, and a FIFO behind them."""
        m = Module()
        spec = self.spec
        m.submodules.window = window = SlidingWindow(spec.window, stalls=False)
        connect(m, self._subsampled(m), window.i)
        m.submodules.matrix = matrix = MatrixVector(spec.matrix, self.name)
        feed(m, window.o, matrix.i)
        sums, results = matrix.o, [1]
        if spec.serializes:
            m.submodules.serializer = serializer = Serializer(
                spec.accumulator, spec.geometry.outputs, spec.folding.outputs, spec.output_lanes
            )
            feed(m, matrix.o, serializer.i)
            sums, results = serializer.o, serializer.beats
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            spec.requantizer, self.name, stalls=False
        )
        feed(m, sums, requantizer.i, self._sums(sums.payload.as_value()))
        beats, kind = spec.matrix.beats, self.o.payload.shape()
        m.submodules.results = fifo = results_fifo(kind, spec.stages, beats, results)
        ready = admitted(m, window.begins, fifo, beats, results)
        m.d.comb += window.o.ready.eq(ready)
        feed(m, requantizer.o, fifo.i)
        connect(m, fifo.o, self.o)
        return m

    def _subsampled(self, m: Module) -> Any:
        """Return the stream of what windows slide over."""
        spec = self.spec
        if spec.geometry.subsampling == (1, 1):
            return self.i
        height, width, channels = spec.tensor.shape
        m.submodules.subsample = subsample = Subsample(
            spec.tensor.type, (height, width, channels), spec.geometry.subsampling, spec.given_lanes
        )
        connect(m, self.i, subsample.i)
        return subsample.o

    def _sums(self, raw: Value) -> Value:
        """Return sums of products in place of sums over bipolar codes taken as 0 or 1."""
        if not self.spec.node.input_encoding.bipolar:
            return raw
        width = self.spec.accumulator.width
        return Cat(
            Cat(C(0, 1), raw[first : first + width - 1]) for first in range(0, len(raw), width)
        )
