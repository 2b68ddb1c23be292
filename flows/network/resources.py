"""What layers cost, estimated: good enough to choose foldings by, synthesis has the exact figures.

The constants were fitted to what Yosys counts for layers of the MLPerf Tiny networks.
"""

import math
from dataclasses import dataclass

from amaranth.lib import wiring

from flows.network.devices import Budget
from golden.graph import Certified, MaxPool, Requantization
from golden.integer_type import IntegerType
from golden.mac_spec import Multiplier
from golden.packing import find_packing
from golden.requant_spec import MAXIMUM_MULTIPLIER_WIDTH
from hdl.layers.constant import ConstantSource
from hdl.layers.matrix_layer_spec import MatrixLayerSpec
from hdl.layers.window_pool import WindowPool
from hdl.layers.window_spec import SlidingWindowSpec
from hdl.multiply import CHUNK_WIDTH

_LARGEST_LOGIC_ROM = 64
"""Words of a ROM that becomes logic; ``hdl/verilog/rom.v`` makes block RAM of larger ones."""

_LARGEST_LUT_RAM = 2048
"""Bits of a memory that becomes LUT RAM."""


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


def matrix_resources(layer: MatrixLayerSpec, budget: Budget) -> Resources:
    """Estimate a convolution or dense layer."""
    folding, accumulator = layer.folding, layer.accumulator.width
    products = _products(layer)
    window, word, words = layer.window, layer.matrix.word_width, layer.matrix.words
    rom = _rom(word, words, budget)
    banks = window.rows * window.elements * window.code.width
    luts = 220 + 2 * folding.outputs * accumulator + 4 * banks
    return (
        Resources(luts)
        + products
        + rom
        + _window_memory(window, budget)
        + requantizer_resources(layer.node.requantization, layer.accumulator, layer.output_lanes)
    )


def requantizer_resources(
    requantization: Requantization | None, accumulator: IntegerType, lanes: int
) -> Resources:
    """Estimate the requantizers of a layer."""
    if requantization is None:
        return Resources(accumulator.width * lanes)
    if isinstance(requantization, Certified):
        certificate = requantization.certificate
        width = certificate.saturated_accumulator.width
        partials = -(-width // 18) * -(-certificate.multiplier_width // 18)
        return Resources(120 * lanes, partials * lanes)
    partials = 4
    if requantization.channels.spec.multiplier_width > MAXIMUM_MULTIPLIER_WIDTH:
        multiplier = requantization.channels.spec.multiplier_width
        partials = -(-accumulator.width // CHUNK_WIDTH) * -(-multiplier // CHUNK_WIDTH)
    return Resources(75 * partials * lanes, partials * lanes)


def other_resources(layer: wiring.Component, budget: Budget) -> Resources:
    """Estimate a layer without a matrix."""
    if isinstance(layer, WindowPool):
        return _pool_resources(layer, budget)
    if isinstance(layer, ConstantSource):
        return Resources(30) + _rom(layer.lanes * layer.kind.width, len(layer.beats), budget)
    requantization = getattr(getattr(layer, "node", None), "requantization", None)
    return Resources(250, 2 if requantization else 0, 1.0)


def _pool_resources(layer: WindowPool, budget: Budget) -> Resources:
    """Estimate pooling by windows: their memory, a tree for each lane, and what scales sums."""
    window, width = layer.window, layer.window.code.width
    luts = 150 + (4 * window.rows + 2) * window.elements * width
    scaling = Resources()
    if not isinstance(layer.node, MaxPool):
        scaling = Resources(120 * layer.lanes, layer.lanes)
    return Resources(luts) + _window_memory(window, budget) + scaling


def _products(layer: MatrixLayerSpec) -> Resources:
    """Estimate what multiplies."""
    folding, matrix = layer.folding, layer.matrix
    match folding.multiplier:
        case None:
            return Resources(math.ceil(1.1 * layer.multipliers) + 8 * folding.outputs)
        case Multiplier.LUT:
            bits = matrix.weight_type.width * matrix.code.width
            return Resources(math.ceil(1.6 * bits * layer.multipliers))
        case Multiplier.DSP:
            return Resources(12 * layer.multipliers, layer.multipliers)
        case packed:
            mac = matrix.mac
            packing = find_packing(packed, mac.a, mac.b, mac.rows, mac.columns, mac.lanes)
            pairs = -(-mac.rows // packing.a_count) * mac.lanes * matrix.groups
            return Resources(15 * pairs, pairs)


def _rom(width: int, words: int, budget: Budget) -> Resources:
    if words <= _LARGEST_LOGIC_ROM:
        return Resources(math.ceil(1.3 * width * -(-words // 32)) if words > 1 else 0)
    return Resources(block_rams=_block_rams(width, words, budget))


def _block_rams(width: int, words: int, budget: Budget) -> float:
    """Return block RAMs, in halves where the family's can be used in halves."""
    halves = 2 if budget.family == "xc7" else 1
    bits, widest = budget.block_ram_bits // halves, budget.block_ram_width // halves
    shapes = [(widest >> step, (bits // widest) << step) for step in range(3)]
    return min(-(-width // wide) * -(-words // deep) for wide, deep in shapes) / halves


def _window_memory(window: SlidingWindowSpec, budget: Budget) -> Resources:
    codes, depth, count = window.memory_shape
    width = codes * window.code.width
    if width * depth > _LARGEST_LUT_RAM:
        return Resources(block_rams=count * _block_rams(width, depth, budget))
    return Resources(luts=count * 4 * -(-depth // 64) * -(-width // 3))
