"""Products bit by bit: a bit of the weights and a bit of the inputs at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import C, Value

from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.costs.costs import Costs, Count, rounded_up
from bittrue.hdl.multipliers.multiplier import WHOLE, Digits, Operands, PlainMultiplier, Tops


@dataclass(frozen=True)
class BitSerialMultiplier(PlainMultiplier):
    """AND and popcount of bit planes, in the order of the unit `hdl.units.bitserial`.

        sum = sum over planes m, k of +-2**(m + k) * popcount(code_plane[m] & weight_plane[k])

    A frame takes as many passes as there are pairs of planes, so a layer takes as many times the
    cycles, and tables for a bit of a product in place of a product.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "bitserial"

    def digits(self, operands: Operands) -> Digits:
        """Return the bits."""
        return Digits(operands.weight.width, operands.code.width, 1)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from bits to sums."""
        return _counter(lanes).latency + 1

    def sums(
        self,
        pipeline: Stages,
        name: str,
        operands: Operands,
        weights: Sequence[Sequence[Value]],
        codes: Sequence[Value],
        tops: Tops = WHOLE,
    ) -> list[Value]:
        """Return the signed number of bits that are set in both planes, for each output."""
        counter = _counter(len(codes))
        negative = (tops.weight & operands.weight.signed) ^ (tops.code & operands.code.signed)
        negative = pipeline.register(f"{name}_negative", negative, counter.latency)
        sums = []
        for output, row in enumerate(weights):
            count = counter.build(pipeline, f"{name}_bits_{output}", codes, row, C(0))
            signed = (count ^ negative.replicate(len(count))) + negative
            wide = (signed - (negative << len(count)))[: len(count) + 1].as_signed()
            sums.append(pipeline.register(f"{name}_{output}", wide))
        return sums

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        counted = rounded_up(np.log2(np.asarray(lanes) + 1))
        choosing = operands.code.width * lanes * groups // 3
        # Counts, and shift registers of bits that wait until others have been counted.
        return Costs(rounded_up(3 * outputs * lanes) + 2 * counted * outputs + choosing)


BIT_SERIAL = BitSerialMultiplier()


def _counter(lanes: int) -> ProductCounter:
    return ProductCounter(lanes, 0, lambda a, b: a & b)
