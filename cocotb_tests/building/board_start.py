"""How a simulated board begins: clock, reset, and what is connected to the design between."""

from collections.abc import Callable
from typing import Any, TypeVar

import cocotb
from cocotb.handle import Immediate
from cocotb.triggers import ClockCycles, Timer

Board = TypeVar("Board")


PERIODS_PS = {"aclk": 10_000, "s_axi_aclk": 13_342, "axis_aclk": 7_158}
"""Of the clocks that a design has; no two have a common multiple that is near."""


def clock_of(dut: Any, name: str) -> Any:
    """Return the clock of that name, or the one that a design has for everything."""
    return getattr(dut, name) if hasattr(dut, name) else dut.aclk


async def _clock(signal: Any, period: int) -> None:
    """Drive a clock whose edges come before all that other coroutines change at them.

    One of `cocotb.clock` does not where the clock of a design goes through a buffer: beats were
    taken twice then.
    """
    signal.set(Immediate(0))
    while True:
        for level in (1, 0):
            await Timer(period // 2, "ps")
            signal.set(Immediate(level))


async def started(dut: Any, connect: Callable[[], Board]) -> Board:
    """Return what is connected while the design is reset."""
    dut.aresetn.value = 0
    for name, period in PERIODS_PS.items():
        if hasattr(dut, name):
            cocotb.start_soon(_clock(getattr(dut, name), period))
    board = connect()
    # At least four cycles of the slowest clock.
    await ClockCycles(clock_of(dut, "s_axi_aclk"), 5)
    dut.aresetn.value = 1
    await ClockCycles(clock_of(dut, "s_axi_aclk"), 5)
    return board
