"""The circuits that a matrix layer can have, and what each costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as every

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.planning.selection import Options, pareto
from bittrue.golden.graph import MatrixNode, Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import rom_cost
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.parts.matrix_costs import accumulators_cost, sending_cost
from bittrue.hdl.layers.parts.matrix_geometry import MatrixGeometry
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.layers.parts.sliding_window import VECTOR_CONTROL, WINDOW_CONTROL, window_cost
from bittrue.hdl.multipliers.codebook import CODEBOOK
from bittrue.hdl.multipliers.mac import LUT, MacMultiplier
from bittrue.hdl.multipliers.multiplier import Multiplier, Operands
from bittrue.hdl.multipliers.power_of_two import POWER_OF_TWO
from bittrue.hdl.multipliers.ternary import TERNARY
from bittrue.hdl.multipliers.xnor import XNOR

_LEAST_PRODUCT = 12
"""Product of the operands' bits from which a hardware multiplier is worth a thought."""

_LEAST_SAVED = 15
"""Tables that half a block RAM must save to be worth a thought."""

_MOST_SAVED = 400
"""Tables above which a memory is not built from them in place of half a block RAM."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Circuits of a layer, in arrays of equal length, in the order of their cycles.

    Attributes
    ----------
    rows, elements, outputs : ndarray of int64
        See `Folding`.
    variant : ndarray of int64
        Which of `variants`.
    cycles : ndarray of int64
        Of an image.
    options : Options
        What each costs.
    variants : sequence of (Multiplier, Memory, Memory)
        What multiplies, and what weights and windows are kept in.
    """

    rows: Int64
    elements: Int64
    outputs: Int64
    variant: Int64
    cycles: Int64
    options: Options
    variants: Sequence[tuple[Multiplier, Memory, Memory]]

    def within(self, cycles: int) -> Int64:
        """Return the places of those that take at most so many cycles, no worse than others."""
        fast = int(np.searchsorted(self.cycles, cycles, side="right"))
        return pareto(self.options.first(fast))

    def folding(self, place: int) -> Folding:
        """Return what one of them is made from."""
        multiplier, weights, window = self.variants[self.variant[place]]
        return Folding(
            int(self.rows[place]),
            int(self.elements[place]),
            int(self.outputs[place]),
            multiplier,
            weights,
            window,
        )


@dataclass(frozen=True, eq=False)
class MatrixChoices:
    """A matrix layer whose circuit is to be chosen.

    Parameters
    ----------
    layer : MatrixLayerSpec
        With any folding and lanes.
    fabric : Fabric
        Of the device.
    chosen : Multiplier, optional
        What multiplies, where somebody has chosen.

    Raises
    ------
    UserError
        If that does not multiply the layer's weights and inputs.
    """

    layer: MatrixLayerSpec
    fabric: Fabric
    chosen: Multiplier | None = None

    def __post_init__(self) -> None:
        if self.chosen is not None:
            self.chosen.check(self.operands)

    @property
    def node(self) -> MatrixNode:
        """Weights and encodings."""
        return self.layer.node

    @property
    def tensor(self) -> Tensor:
        """What it reads."""
        return self.layer.tensor

    @property
    def geometry(self) -> MatrixGeometry:
        """The layer as windows times weights."""
        return self.layer.geometry

    @property
    def operands(self) -> Operands:
        """What is multiplied."""
        return self.layer.operands

    @cached_property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """What can multiply."""
        if self.chosen is not None:
            return (self.chosen,)
        if XNOR.takes(self.operands):
            return (XNOR,)
        widths = self.operands.weight.width, self.operands.code.width
        packed = MacMultiplier(self.fabric.packed)
        worth = packed if math.prod(widths) >= _LEAST_PRODUCT else None
        kinds = [worth, LUT, TERNARY, POWER_OF_TWO, CODEBOOK]
        return tuple(each for each in kinds if each is not None and each.takes(self.operands))

    @property
    def _passes(self) -> int:
        """Passes through a frame; what takes more than one is never chosen but by name."""
        return max(len(each.digits(self.operands).passes) for each in self.multipliers)

    def bound(self, cycles: int) -> Options:
        """Return options of which some are no worse than any circuit of at most so many cycles."""
        return self._unbound.options.at(self._unbound.within(cycles))

    @cached_property
    def _unbound(self) -> Candidates:
        """The circuits without any lanes that could hold them up."""
        rows, elements, outputs, beats = self._foldings(1, 1)
        frames = -(-self.geometry.outputs // outputs)
        cycles = self.geometry.positions * frames * beats * self._passes
        return self._sorted(rows, elements, outputs, beats, cycles, None)

    def candidates(self, input_lanes: int, output_lanes: int) -> Candidates:
        """Return every circuit that fits the lanes of the streams and may be the best one."""
        lanes = input_lanes, output_lanes
        if lanes not in self._candidates:
            self._candidates[lanes] = self._with_lanes(*lanes)
        return self._candidates[lanes]

    @cached_property
    def _candidates(self) -> dict[tuple[int, int], Candidates]:
        return {}

    @cached_property
    def _window_costs_by_shape(self) -> dict[tuple[int, int, Memory], Costs]:
        return {}

    def _with_lanes(self, input_lanes: int, output_lanes: int) -> Candidates:
        rows, elements, outputs, beats = self._foldings(input_lanes, output_lanes)
        cycles = self.geometry.cycles(beats * self._passes, outputs, output_lanes)
        cycles = np.maximum(cycles, self.tensor.elements // input_lanes)
        return self._sorted(rows, elements, outputs, beats, cycles, output_lanes)

    def _sorted(
        self,
        rows: Int64,
        elements: Int64,
        outputs: Int64,
        beats: Int64,
        cycles: Int64,
        output_lanes: int | None,
    ) -> Candidates:
        """Return the candidates with all variants that make sense, in the order of cycles.

        What sends the results depends on the lanes of the output; nothing is counted for it where
        these are not given.
        """
        shape = rows, elements, outputs
        weights = {
            each: self._memories(self._weights_costs(each, *shape, beats))
            for each in self.multipliers
        }
        windows = self._memories(self._window_costs(rows, elements))
        vectors = self.geometry.window.taps == 1
        accumulator = self.layer.accumulator.width
        control = VECTOR_CONTROL if vectors else WINDOW_CONTROL
        control += accumulators_cost(outputs, accumulator)
        if output_lanes is not None:
            code = self.layer.output.type.width
            control += sending_cost(outputs, accumulator, output_lanes, code)
        variants = list(every(self.multipliers, Memory, Memory))
        found, places = [], []
        for multiplier, weight, window in variants:
            products = self._products_costs(multiplier, *shape)
            stored, sensible = weights[multiplier][weight]
            chosen = np.flatnonzero(sensible & windows[window][1])
            costs = control + products + stored + windows[window][0]
            found.append(Options.of(costs, len(rows)).at(chosen))
            places.append(chosen)
        options = Options.joined(found)
        variant = np.repeat(np.arange(len(variants)), [len(each) for each in places])
        place = np.concatenate(places)
        order = np.lexsort((options.luts, cycles[place]))
        place = place[order]
        return Candidates(
            rows[place],
            elements[place],
            outputs[place],
            variant[order],
            cycles[place],
            options.at(order),
            variants,
        )

    @staticmethod
    def _memories(costs: dict[Memory, Costs]) -> dict[Memory, tuple[Costs, NDArray[np.bool_]]]:
        """Return costs in block RAM and in logic, and where it makes sense to think of them."""
        block, logic = costs[Memory.BLOCK], costs[Memory.LOGIC]
        sensible = {
            Memory.BLOCK: worth_a_block(block, logic),
            Memory.LOGIC: _saved(block, logic) <= _MOST_SAVED,
        }
        return {memory: (costs[memory], sensible[memory]) for memory in Memory}

    def _products_costs(
        self, multiplier: Multiplier, rows: Int64, elements: Int64, outputs: Int64
    ) -> Costs:
        depthwise = self.geometry.depthwise
        groups = elements if depthwise else np.ones_like(elements)
        lanes = rows if depthwise else rows * elements
        return multiplier.costs(self.operands, groups, outputs, lanes)

    def _weights_costs(
        self, multiplier: Multiplier, rows: Int64, elements: Int64, outputs: Int64, beats: Int64
    ) -> dict[Memory, Costs]:
        bits = multiplier.word_bits(self.operands)
        width = bits * outputs * (rows if self.geometry.depthwise else rows * elements)
        words = -(-self.geometry.outputs // outputs) * beats
        words *= multiplier.digits(self.operands).weights
        return {memory: rom_cost(width, words, memory, self.fabric) for memory in Memory}

    def _window_costs(self, rows: Int64, elements: Int64) -> dict[Memory, Costs]:
        pairs, places = np.unique(np.stack([rows, elements]), axis=1, return_inverse=True)
        costs = {}
        for memory in Memory:
            each = [self._window_cost(int(row), int(count), memory) for row, count in pairs.T]
            luts = np.array([int(cost.luts) for cost in each])
            halves = np.array([int(cost.halves) for cost in each])
            costs[memory] = Costs(luts[places.ravel()], 0, halves[places.ravel()])
        return costs

    def _window_cost(self, rows: int, elements: int, memory: Memory) -> Costs:
        shape = rows, elements, memory
        if shape not in self._window_costs_by_shape:
            self._window_costs_by_shape[shape] = self._new_window_cost(*shape)
        return self._window_costs_by_shape[shape]

    def _new_window_cost(self, rows: int, elements: int, memory: Memory) -> Costs:
        # The lanes of the input and the number of outputs make no difference to the memory.
        outputs = elements if self.geometry.depthwise else self.geometry.outputs
        folding = Folding(rows, elements, outputs)
        window = self.geometry.window_spec(folding, self.tensor, self.tensor.type.minimum, 1)
        return window_cost(window, memory, self.fabric)

    def _foldings(self, input_lanes: int, output_lanes: int) -> tuple[Int64, Int64, Int64, Int64]:
        """Return rows, elements, outputs, and beats of a frame."""
        geometry = self.geometry
        if geometry.depthwise:
            rows, elements = self._grid([*_divisors(geometry.shape[2])], input_lanes)
            outputs = elements * (geometry.outputs // geometry.shape[2])
            fits = outputs % output_lanes == 0
            rows, elements, outputs = rows[fits], elements[fits], outputs[fits]
            return rows, elements, outputs, geometry.window.taps // rows * elements // elements
        taps, run = geometry.runs
        divisors = {count for count in _divisors(run) if count % input_lanes == 0}
        whole = any(each.counts_matches for each in self.multipliers)
        allowed = divisors if whole else divisors | _ample(run, input_lanes)
        rows, elements = self._grid(sorted(allowed), input_lanes)
        some = sorted(_ample(geometry.outputs, output_lanes))
        all_outputs = np.array(some, dtype=np.int64)
        rows, outputs = (grid.ravel() for grid in np.meshgrid(rows, all_outputs))
        elements = np.tile(elements, len(all_outputs))
        beats = geometry.window.size[0] // rows * taps * -(-run // elements)
        return rows, elements, outputs, beats

    def _grid(self, elements: list[int], input_lanes: int) -> tuple[Int64, Int64]:
        """Return every pair of rows and elements that the input's lanes divide."""
        fitting = [count for count in elements if count % input_lanes == 0]
        grid = np.meshgrid(list(_divisors(self.geometry.window.size[0])), fitting)
        return grid[0].ravel().astype(np.int64), grid[1].ravel().astype(np.int64)


def worth_a_block(block: Costs, logic: Costs) -> NDArray[np.bool_]:
    """Return whether block RAM saves so many tables that it is worth a thought."""
    return (_saved(block, logic) >= _LEAST_SAVED) & (np.asarray(block.halves) > 0)


def _saved(block: Costs, logic: Costs) -> NDArray[np.float64]:
    """Return the tables that half a block RAM saves."""
    return np.asarray(logic.luts - block.luts) / np.maximum(block.halves, 1)


def _ample(whole: int, step: int) -> set[int]:
    """Return multiples of a step: for each number of parts of a whole, the least that suffices."""
    multiples = range(step, whole + 1, step)
    return {
        step * -(-whole // (step * parts)) for parts in {-(-whole // each) for each in multiples}
    }


def _divisors(number: int) -> list[int]:
    return [count for count in range(1, number + 1) if number % count == 0]
