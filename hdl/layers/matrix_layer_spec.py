# amaranth: UnusedElaboratable=no
# Planning asks circuits for their cycles and resources, and throws them away.
"""A convolution or dense layer of a graph with everything decided that makes it a circuit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import AccumulatorBounds, MatrixNode, Tensor
from golden.numbers.integer_type import IntegerType
from hdl.layers.channel_requant import ChannelRequantizer
from hdl.layers.folding import Folding
from hdl.layers.matrix_geometry import MatrixGeometry
from hdl.layers.matrix_vector import MatrixVectorSpec
from hdl.layers.window_spec import SlidingWindowSpec

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MatrixLayerSpec:
    """A matrix layer, its folding, and the lanes of its streams.

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

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    node: MatrixNode
    tensor: Tensor
    bounds: AccumulatorBounds
    folding: Folding
    input_lanes: int = 1
    output_lanes: int = 1

    def __post_init__(self) -> None:
        padded = self.geometry.window.padding != ((0, 0), (0, 0))
        if self.node.input_encoding.bipolar and padded:
            raise UserError(
                "its input is bipolar and padded; -1 and +1 have no zero to pad with, so pad "
                "with one of them before"
            )
        _ = self.matrix  # Refuses a folding that does not fit.

    @cached_property
    def geometry(self) -> MatrixGeometry:
        """The layer as windows times weights."""
        return MatrixGeometry.of(self.node, self.tensor)

    @property
    def accumulator(self) -> IntegerType:
        """Type that holds every accumulator."""
        return self.bounds.type

    @property
    def output(self) -> IntegerType:
        """Type of the output's codes."""
        requantization = self.node.requantization
        return requantization.output if requantization else self.accumulator

    @cached_property
    def window(self) -> SlidingWindowSpec:
        """How the windows are read; outside of the tensor is the code of zero."""
        zero = self.node.input_encoding.zero_point
        return self.geometry.window_spec(self.folding, self.tensor, zero, self.input_lanes)

    @cached_property
    def matrix(self) -> MatrixVectorSpec:
        """The weights in the order in which the windows need them."""
        return MatrixVectorSpec(
            code=self.tensor.type,
            weights=self._ordered_weights(),
            accumulator=self.accumulator,
            groups=self.folding.elements if self.geometry.depthwise else 1,
            multiplier=self.folding.multiplier,
            memory=self.folding.weights,
        )

    @property
    def bias(self) -> Int64:
        """What is added to each output's sum of products of codes."""
        weight, encoding = self.geometry.weight, self.node.input_encoding
        total = weight.sum(axis=(1, 2, 3))
        if not encoding.bipolar:
            return self.node.bias - encoding.zero_point * total
        # The sum of (2 c - 1) w is twice that of c w, less that of w; and with w of -1 or +1 too,
        # twice the number of equal bits less the number of products.
        products = weight[0].size
        return self.node.bias - (products if self.folding.multiplier is None else total)

    @property
    def multipliers(self) -> int:
        """Products per cycle."""
        lanes = self.folding.rows if self.geometry.depthwise else self.folding.simd
        return self.folding.outputs * lanes

    def requantizer(self, name: str = "requant", stalls: bool = True) -> ChannelRequantizer:
        """Return the circuit that makes codes of the sums of products."""
        return ChannelRequantizer(
            self.node.requantization,
            self.accumulator,
            self.bias,
            self.geometry.outputs,
            self.output_lanes,
            name,
            self.folding.constants,
            stalls,
        )

    def cycles_per_image(self) -> int:
        """Return the cycles between images when neither side waits."""
        computing = self.geometry.cycles(self.matrix.beats, self.folding.outputs, self.output_lanes)
        return max(int(computing), self.tensor.elements // self.input_lanes)

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
        windows = outputs // self.outputs_ahead
        if self.geometry.subsampling == (1, 1):
            return self.window.elements_needed(windows)
        rows = self.window.needed_rows[windows]
        _, width, channels = self.window.shape
        # Of the last row, all up to the last pixel that is kept.
        down, across = self.geometry.subsampling
        pixels = (rows - 1) * down * self.tensor.shape[1] + (width - 1) * across + 1
        return pixels * channels

    def taken_with(self) -> Int64:
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
        if self.folding.multiplier is not None:
            return weights
        if self.window.run % self.folding.elements:
            raise UserError(
                f"elements is {self.folding.elements}; for XNOR, divisors of {self.window.run}"
            )
        return np.where(weights == 0, 1, weights)  # Outputs that do not exist.
