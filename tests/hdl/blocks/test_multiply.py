"""Products with constants that only move bits."""

import numpy as np
import pytest
from amaranth.hdl import C, Module, Shape, Signal
from amaranth.sim import Simulator

from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY, hardware_multipliers, multiply
from bittrue.hdl.blocks.pipeline import Stages

CHUNK = 17


@pytest.mark.parametrize(
    "constant", [1, 8, 1 << CHUNK, 1 << 20, 8 + (1 << CHUNK + 2), (1 << 16) + (1 << 40)]
)
@pytest.mark.parametrize("signed", [False, True])
def test_powers_of_two_in_each_chunk_take_no_multiplier(constant: int, signed: bool) -> None:
    shape = Shape(19, signed)
    m, given = Module(), Signal(shape)
    other = C(constant, constant.bit_length())
    # A hardware multiplier would be a black box, which this simulator refuses.
    product = multiply(Stages(m, None, stalls=False), "product", given, other)
    assert hardware_multipliers(shape, other.shape(), constant) == 0
    low = -(1 << 18) if signed else 0
    inputs = np.random.default_rng(constant % 97).integers(low, low + (1 << 19), 50).tolist()
    seen: list[int] = []

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for number in inputs:
            context.set(given, number)
            seen.append(context.get(product))
            await context.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen[MULTIPLY_LATENCY:] == [constant * number for number in inputs[:-MULTIPLY_LATENCY]]


def test_other_chunks_take_one_each() -> None:
    shape = Shape(17, True)
    constants = {3: 0, 12: 1, 8 + (12 << CHUNK): 1, 9 + (12 << CHUNK): 2, 9: 1}
    found = {
        each: hardware_multipliers(shape, C(each, each.bit_length()).shape(), each)
        for each in constants
    }
    assert found == constants
    assert hardware_multipliers(shape, Shape(21)) == 2
