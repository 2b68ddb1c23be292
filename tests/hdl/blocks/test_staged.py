"""What is made of values of different stages belongs to one beat."""

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Signal, Value
from amaranth.sim import Simulator

from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.staged import Staged, computed, latest, passed


def run(inputs: np.ndarray, result: Value, given: Signal, m: Module) -> list[int]:
    """Return the result in each cycle."""
    seen = []

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for number in inputs:
            context.set(given, int(number))
            seen.append(context.get(result))
            await context.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def test_the_earlier_operand_is_delayed_and_the_result_knows_its_latency() -> None:
    m, given = Module(), Signal(8)
    pipeline = Stages(m, None, stalls=False)
    plain = Staged(pipeline, "plain", given)
    twice = computed("twice", lambda value: value << 1, plain)
    slow = passed("slow", 3, lambda value: pipeline.register("slow", value + 1, 3), twice)
    total = computed("total", lambda *values: sum(values, Const(0)), plain, twice, slow)
    assert (twice.stage, slow.stage, total.stage) == (1, 4, 5)
    assert latest(plain, slow) == 4
    inputs = np.random.default_rng(1).integers(0, 256, 60)
    seen = run(inputs, total.at(7), given, m)
    assert seen[7:] == [5 * number + 1 for number in inputs[:-7].tolist()]


def test_registers_are_shared_and_constants_have_none() -> None:
    m = Module()
    pipeline = Stages(m, None, stalls=False)
    value = Staged(pipeline, "value", Signal(4), 2)
    assert value.at(5) is value.at(5)
    assert value.at(2) is not value.at(3)
    assert isinstance(Staged(pipeline, "three", Const(3)).at(9), Const)


def test_a_value_is_not_there_before_its_stage() -> None:
    value = Staged(Stages(Module(), None, stalls=False), "late", Signal(), 4)
    with pytest.raises(ValueError, match="late is there in stage 4, not in stage 3"):
        value.at(3)
