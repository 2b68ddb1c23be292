"""Sums of products without hardware multipliers, simulated for every input and random weights."""

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.multipliers.codebook import CODEBOOK
from bittrue.hdl.multipliers.multiplier import Multiplier, Operands
from bittrue.hdl.multipliers.power_of_two import POWER_OF_TWO
from bittrue.hdl.multipliers.shift_add import SHIFT_ADD
from bittrue.hdl.multipliers.systolic import SYSTOLIC
from bittrue.hdl.multipliers.ternary import TERNARY
from bittrue.hdl.multipliers.xnor import XNOR

LANES, OUTPUTS = 5, 2
WIDTH = 32


class Sums(wiring.Component):
    """The sums of beats, which carry weights and codes."""

    def __init__(self, multiplier: Multiplier, operands: Operands) -> None:
        self.multiplier, self.operands = multiplier, operands
        self.weight = multiplier.weight_type(operands).width
        beat = data.StructLayout(
            {
                "weights": data.ArrayLayout(self.weight, LANES * OUTPUTS),
                "codes": data.ArrayLayout(operands.code.width, LANES),
            }
        )
        self.latency = multiplier.latency(operands, LANES, OUTPUTS)
        super().__init__(
            {
                "i": In(stream.Signature(beat)),
                "o": Out(stream.Signature(data.ArrayLayout(WIDTH, OUTPUTS))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        given = [self.i.payload.weights[place] for place in range(LANES * OUTPUTS)]
        rows = [given[first : first + LANES] for first in range(0, len(given), LANES)]
        codes = [self.i.payload.codes[lane] for lane in range(LANES)]
        sums = self.multiplier.sums(pipeline, "sum", self.operands, rows, codes)
        wide = []
        for total in sums:
            sign = total[-1] if total.shape().signed else 0
            wide.append(Cat(total, *[sign] * (WIDTH - len(total)))[:WIDTH])
        m.d.comb += self.o.payload.as_value().eq(Cat(wide))
        return m


def simulated(circuit: Sums, weights: Int64, codes: Int64) -> Int64:
    """Return the sums of beats: weights (beats, outputs, lanes), codes (beats, lanes)."""
    stored = circuit.multiplier.encoded(weights, circuit.operands)
    found: list[list[int]] = []

    def packed(values: Int64, width: int) -> int:
        return sum((int(v) & ((1 << width) - 1)) << width * n for n, v in enumerate(values))

    async def bench(ctx: Any) -> None:
        ctx.set(circuit.o.ready, 1)
        for beat in range(len(codes) + circuit.latency):
            if beat < len(codes):
                low = packed(stored[beat].ravel(), circuit.weight)
                high = packed(codes[beat], circuit.operands.code.width)
                whole = low | high << circuit.weight * LANES * OUTPUTS
                ctx.set(circuit.i.payload.as_value(), whole)
            ctx.set(circuit.i.valid, int(beat < len(codes)))
            await ctx.tick()
            if ctx.get(circuit.o.valid):
                raw = ctx.get(circuit.o.payload.as_value())
                each = [raw >> WIDTH * n & ((1 << WIDTH) - 1) for n in range(OUTPUTS)]
                found.append([v - (1 << WIDTH) if v >> (WIDTH - 1) else v for v in each])

    simulator = Simulator(circuit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return np.array(found)


CASES = {
    "ternary": (TERNARY, (-1, 0, 1), "int8"),
    "ternary_unsigned": (TERNARY, (-1, 1), "uint4"),
    "powers": (POWER_OF_TWO, (-64, -8, 0, 1, 2, 4, 32), "int8"),
    "powers_unsigned": (POWER_OF_TWO, (-1024, -4, 8, 64), "uint5"),
    "powers_of_one": (POWER_OF_TWO, (-4,), "int3"),
    "codebook": (CODEBOOK, (-57, 3, 93), "int8"),
    "codebook_unsigned": (CODEBOOK, (-2000, -57, 3, 90, 91, 92, 30000), "uint5"),
    "codebook_of_one": (CODEBOOK, (-101,), "uint3"),
    "shiftadd": (SHIFT_ADD, (-64, -33, -1, 0, 5, 63), "int8"),
    "shiftadd_odd": (SHIFT_ADD, (0, 3, 7), "uint3"),
    "shiftadd_of_a_bit": (SHIFT_ADD, (-1, 0), "uint1"),
    "systolic": (SYSTOLIC, (-2, 1), "uint6"),
    "xnor": (XNOR, (-1, 1), "uint1"),
}


def case(name: str) -> tuple[Sums, Int64, Int64]:
    """Return a circuit, weights and codes, each extreme code and weight among them."""
    multiplier, values, kind = CASES[name]
    code = IntegerType.parse(kind)
    operands = Operands(values, code, bipolar=multiplier is XNOR)
    rng = np.random.default_rng(len(name))
    weights = rng.choice(values, (60, OUTPUTS, LANES))
    codes = rng.integers(code.minimum, code.maximum, (60, LANES), endpoint=True)
    codes[0], codes[1] = code.minimum, code.maximum
    for beat, value in enumerate((values[0], values[-1])):
        weights[beat::7] = value
    return Sums(multiplier, operands), weights, codes


def expected(circuit: Sums, weights: Int64, codes: Int64) -> Int64:
    """Return the sums, or the numbers of equal bits."""
    if circuit.multiplier.counts_matches:
        return ((weights == 1) == (codes[:, None] == 1)).sum(axis=2)
    return np.einsum("bol,bl->bo", weights, codes)


@pytest.mark.parametrize("name", CASES)
def test_sums_are_exact(name: str) -> None:
    circuit, weights, codes = case(name)
    got = simulated(circuit, weights, codes)
    assert (got == expected(circuit, weights, codes)).all()


def test_a_weight_that_is_another_is_noticed() -> None:
    """Negative control."""
    circuit, weights, codes = case("codebook")
    other = np.where(weights == 93, 3, weights)
    got = simulated(circuit, other, codes)
    assert (got != expected(circuit, weights, codes)).any()


@pytest.mark.parametrize(
    ("multiplier", "values", "message"),
    [
        (TERNARY, (-1, 0, 2), "weights are -1 to 2; ternary products take -1, 0 and \\+1"),
        (POWER_OF_TWO, (-4, 6), "a weight is 6; allowed: powers of two"),
        (CODEBOOK, tuple(range(1, 17)), "there are 17 different weights; a codebook has up to 16"),
        (XNOR, (-1, 0, 1), "XNOR and popcount take one bit, and weights -1 and \\+1"),
    ],
)
def test_other_weights_are_refused(
    multiplier: Multiplier, values: tuple[int, ...], message: str
) -> None:
    operands = Operands(values, IntegerType(1, False), bipolar=True)
    assert not multiplier.takes(operands)
    with pytest.raises(UserError, match=message):
        multiplier.check(operands)
