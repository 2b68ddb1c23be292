"""What layers cost, estimated: good enough to choose foldings by, synthesis has the exact figures.

Parts of layers are estimated many at a time: every function of this module takes numbers, or arrays
of them, one entry for each way to build a part. The constants were fitted to what Yosys counts for
layers of the MLPerf Tiny networks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from flows.planning.devices import Budget, Fabric
from golden.graph import Certified, MaxPool, Requantization
from golden.numbers.arrays import Int64
from golden.numbers.integer_type import IntegerType
from golden.numbers.requant_spec import MAXIMUM_MULTIPLIER_WIDTH
from golden.units.mac_spec import Multiplier
from golden.units.packing import find_packing
from hdl.blocks.memory import Memory, usual_ram, usual_rom
from hdl.blocks.multiply import CHUNK_WIDTH
from hdl.layers.add import AddLayer
from hdl.layers.broadcast import Broadcast
from hdl.layers.constant import ConstantSource
from hdl.layers.parts.window_pool import WindowPool
from hdl.layers.parts.window_spec import SlidingWindowSpec

Count = int | Int64

_TABLE_WORDS = 64
"""Words of one bit that a table of six inputs holds."""

_JOINED = 4
"""Tables that the multiplexers behind them join without any other table."""

_SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Bits of a word and words of a block RAM of 18 kbit, RAMB18 as DP16KD; every ninth is a parity."""

_MOST_PRODUCTS = 8
"""More products than any hardware multiplier makes at once."""


@dataclass(frozen=True)
class Resources:
    """Tables, hardware multipliers, and block RAMs in halves of one."""

    luts: int = 0
    multipliers: int = 0
    block_rams: float = 0.0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.luts + other.luts,
            self.multipliers + other.multipliers,
            self.block_rams + other.block_rams,
        )

    def fits(self, budget: Budget) -> bool:
        """Return whether a part has so much."""
        return (
            self.luts <= budget.luts
            and self.multipliers <= budget.multipliers
            and self.block_rams <= budget.block_rams
        )


@dataclass(frozen=True, eq=False)
class Costs:
    """Resources of several ways to build a part.

    Attributes
    ----------
    luts, multipliers, halves : int or ndarray of int64
        Tables, hardware multipliers, and block RAMs counted in halves of one.
    """

    luts: Count = 0
    multipliers: Count = 0
    halves: Count = 0

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(
            self.luts + other.luts,
            self.multipliers + other.multipliers,
            self.halves + other.halves,
        )

    def sum(self) -> "Costs":
        """Return the costs of all together."""
        columns = (self.luts, self.multipliers, self.halves)
        return Costs(*(int(np.sum(column)) for column in columns))

    def single(self) -> Resources:
        """Return the resources of a part that can be built in one way only."""
        return Resources(int(self.luts), int(self.multipliers), int(self.halves) / 2)


def products_cost(
    kind: Multiplier | None,
    weight: IntegerType,
    code: IntegerType,
    groups: Count,
    outputs: Count,
    lanes: Count,
) -> Costs:
    """Estimate what multiplies.

    Parameters
    ----------
    kind : Multiplier or None
    weight, code : IntegerType
        Operands.
    groups, outputs, lanes : int or ndarray of int64
        Groups of outputs, outputs of all of them, products of each output.
    """
    multipliers = outputs * lanes
    match kind:
        case None:
            return Costs(_up(1.1 * multipliers) + 8 * outputs)
        case Multiplier.LUT:
            return Costs(_up(1.6 * weight.width * code.width * multipliers))
        case Multiplier.DSP:
            return Costs(12 * multipliers, multipliers)
        case packed:
            shared = find_packing(packed, weight, code, _MOST_PRODUCTS, 1, 1).a_count
            pairs = -(-(outputs // groups) // shared) * lanes * groups
            return Costs(15 * pairs, pairs)


def matrix_control_cost(window_bits: Count, outputs: Count, accumulator: int) -> Costs:
    """Estimate the accumulators of a matrix layer, and what reads its windows.

    Parameters
    ----------
    window_bits : int or ndarray of int64
        Bits of a beat of the window.
    outputs : int or ndarray of int64
        Accumulators.
    accumulator : int
        Bits of one.
    """
    return Costs(220 + 2 * outputs * accumulator + 4 * window_bits)


def requantizer_cost(
    requantization: Requantization | None, accumulator: IntegerType, lanes: int
) -> Costs:
    """Estimate the requantizers of a layer."""
    if requantization is None:
        return Costs(accumulator.width * lanes)
    if isinstance(requantization, Certified):
        certificate = requantization.certificate
        width = certificate.saturated_accumulator.width
        partials = -(-width // 18) * -(-certificate.multiplier_width // 18)
        return Costs(120 * lanes, partials * lanes)
    partials = 4
    if requantization.channels.spec.multiplier_width > MAXIMUM_MULTIPLIER_WIDTH:
        multiplier = requantization.channels.spec.multiplier_width
        partials = -(-accumulator.width // CHUNK_WIDTH) * -(-multiplier // CHUNK_WIDTH)
    return Costs(75 * partials * lanes, partials * lanes)


def fifo_cost(width: int, depth: int, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate a FIFO: its memory, pointers and level, and the registers behind it."""
    return Costs(20 + 5 * depth.bit_length() + width // 4) + ram_cost(width, depth, memory, fabric)


def shell_cost(layers: int, lanes: int) -> Costs:
    """Estimate the AXI shell of a network.

    Parameters
    ----------
    layers : int
        Each with a counter.
    lanes : int
        Bits of a beat of the input and of one of the output.
    """
    return Costs(800 + 55 * layers + 2 * lanes)


def other_cost(layer: wiring.Component, fabric: Fabric) -> Costs:
    """Estimate a layer without a matrix."""
    if isinstance(layer, WindowPool):
        return _pool_cost(layer, fabric)
    if isinstance(layer, ConstantSource):
        width, words = layer.lanes * layer.kind.width, len(layer.beats)
        return Costs(30) + rom_cost(width, words, usual_rom(words), fabric)
    if isinstance(layer, Broadcast):
        width, words = layer.memory_shape
        return Costs(60) + ram_cost(width, words, usual_ram(width, words), fabric)
    requantization = getattr(getattr(layer, "node", None), "requantization", None)
    products = 2 if requantization else 0
    if isinstance(layer, AddLayer) and layer.computes:  # Codes by 31 bits, and the sums again.
        products = (2 * len(layer.tensors) + 4) * layer.lanes
    return Costs(250, products, 2)


def rom_cost(width: Count, words: Count, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate ROMs of so many words of a width; a single word is a constant."""
    words = np.asarray(words)
    stored = words > 1
    if memory is Memory.BLOCK:
        return Costs(0, 0, _halves(width, words, fabric) * stored)
    # A six-input table holds 64 words of a bit; the multiplexers of slices join four of them.
    joined = np.where(words > _JOINED * _TABLE_WORDS, 1.45, 1.0)
    return Costs(_up(width * -(-words // _TABLE_WORDS) * joined) * stored)


def ram_cost(width: Count, depth: Count, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate memories with one port to write and one to read."""
    width, depth = np.asarray(width), np.asarray(depth)
    if memory is Memory.BLOCK:
        return Costs(0, 0, _halves(width, depth, fabric))
    # Four tables are 64 words of three bits or 32 words of six; what joins them is logic.
    blocks = -(-depth // _TABLE_WORDS)
    tables = np.where(depth > _TABLE_WORDS // 2, blocks * -(-width // 3), -(-width // 6))
    joining = np.where(blocks > _JOINED, width * blocks // 2, width) + blocks
    return Costs(4 * tables + joining * (blocks > 1))


def window_cost(window: SlidingWindowSpec, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate the memories of the rows under a window."""
    codes, depth, count = window.memory_shape
    each = ram_cost(codes * window.code.width, depth, memory, fabric)
    return Costs(count * each.luts, 0, count * each.halves)


def _pool_cost(layer: WindowPool, fabric: Fabric) -> Costs:
    """Estimate pooling by windows: their memory, a tree for each lane, and what scales sums."""
    window, width = layer.window, layer.window.code.width
    codes, depth, _ = window.memory_shape
    luts = 150 + (4 * window.rows + 2) * window.elements * width
    scaling = Costs()
    if not isinstance(layer.node, MaxPool):
        scaling = Costs(120 * layer.lanes, layer.lanes)
    return Costs(luts) + window_cost(window, usual_ram(codes * width, depth), fabric) + scaling


def _halves(width: Count, words: Count, fabric: Fabric) -> Int64:
    """Return block RAMs, in halves of one: as many as in the best shape that all of them have."""
    width, words = np.asarray(width), np.asarray(words)
    found = [-(-width // wide) * -(-words // deep) for wide, deep in _SHAPES]
    return np.min(found, axis=0) * fabric.halves


def _up(value: float | NDArray[Any]) -> Int64:
    return np.asarray(np.ceil(value), dtype=np.int64)
