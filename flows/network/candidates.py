"""The foldings that a matrix layer can have, and what each costs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.graph import Convolution, FullyConnected, Tensor
from golden.integer_type import IntegerType
from golden.mac_spec import Multiplier
from hdl.layers.folding import Folding
from hdl.layers.matrix_geometry import MatrixGeometry

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Foldings of a layer, in arrays of equal length.

    Attributes
    ----------
    rows, elements, outputs : ndarray of int64
        See `Folding`.
    cycles : ndarray of int64
        Of an image.
    multipliers : ndarray of int64
        Products per cycle.
    """

    rows: Int64
    elements: Int64
    outputs: Int64
    cycles: Int64
    multipliers: Int64


@dataclass(frozen=True, eq=False)
class MatrixChoices:
    """A matrix layer whose folding is to be chosen.

    Parameters
    ----------
    node : Convolution or FullyConnected
    tensor : Tensor
        What it reads.
    """

    node: Convolution | FullyConnected
    tensor: Tensor

    @cached_property
    def geometry(self) -> MatrixGeometry:
        """The layer as windows times weights."""
        return MatrixGeometry.of(self.node, self.tensor)

    @cached_property
    def binary(self) -> bool:
        """Whether both operands are bipolar, so that XNOR and popcount multiply."""
        return self.node.input_encoding.bipolar and self.node.weight_encoding.bipolar

    @cached_property
    def weight_type(self) -> IntegerType:
        """Narrowest type of the values that multiply."""
        weight = self.geometry.weight
        return IntegerType.spanning(int(weight.min()), int(weight.max()))

    def candidates(self, input_lanes: int, output_lanes: int) -> Candidates:
        """Return every folding that fits the lanes of the streams."""
        geometry = self.geometry
        if geometry.depthwise:
            rows, elements = self._grid([*_divisors(geometry.shape[2])], input_lanes)
            outputs = elements * (geometry.outputs // geometry.shape[2])
            beats = geometry.window.taps // rows
            multipliers = rows * outputs
        else:
            taps, run = geometry.runs
            allowed = _divisors(run) if self.binary else range(1, run + 1)
            rows, elements = self._grid([*allowed], input_lanes)
            all_outputs = np.arange(output_lanes, geometry.outputs + 1, output_lanes)
            rows, outputs = (grid.ravel() for grid in np.meshgrid(rows, all_outputs))
            elements = np.tile(elements, len(all_outputs))
            beats = geometry.window.size[0] // rows * taps * -(-run // elements)
            multipliers = rows * elements * outputs
        fits = outputs % output_lanes == 0
        cycles = geometry.cycles(beats, outputs, output_lanes)
        columns = (rows, elements, outputs, cycles, multipliers)
        return Candidates(*(column[fits] for column in columns))

    def cheapest(
        self, cycles: int, input_lanes: int, output_lanes: int, multiplier: Multiplier
    ) -> Folding | None:
        """Return the folding with fewest multipliers that takes at most so many cycles."""
        found = self.candidates(input_lanes, output_lanes)
        fast = np.flatnonzero(found.cycles <= cycles)
        if not fast.size:
            return None
        # Of equal ones the one with fewer memories, then with fewer accumulators.
        keys = (found.outputs, found.rows * found.elements, self.hardware(found, multiplier))
        best = fast[np.lexsort([key[fast] for key in keys])[0]]
        return Folding(
            int(found.rows[best]),
            int(found.elements[best]),
            int(found.outputs[best]),
            None if self.binary else multiplier,
        )

    def hardware(self, found: Candidates, multiplier: Multiplier) -> Int64:
        """Return what the multipliers cost: hardware multipliers, or products in logic."""
        if self.geometry.depthwise or multiplier in (Multiplier.LUT, Multiplier.DSP):
            return found.multipliers
        pairs = -(-found.outputs // 2)  # Two 8-bit products with a common operand share one.
        return pairs * found.rows * found.elements

    def _grid(self, elements: list[int], input_lanes: int) -> tuple[Int64, Int64]:
        """Return every pair of rows and elements that the input's lanes divide."""
        fitting = [count for count in elements if count % input_lanes == 0]
        grid = np.meshgrid(list(_divisors(self.geometry.window.size[0])), fitting)
        return grid[0].ravel().astype(np.int64), grid[1].ravel().astype(np.int64)


def _divisors(number: int) -> list[int]:
    return [count for count in range(1, number + 1) if number % count == 0]
