"""How a simulated board begins: clock, reset, and what is connected to the design between."""

from collections.abc import Callable
from typing import Any, TypeVar

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

Board = TypeVar("Board")


PERIODS_PS = {"aclk": 10_000, "s_axi_aclk": 13_342, "axis_aclk": 7_158}
"""Of the clocks that a design has; no two have a common multiple that is near."""


def clock_of(dut: Any, name: str) -> Any:
    """Return the clock of that name, or the one that a design has for everything."""
    return getattr(dut, name) if hasattr(dut, name) else dut.aclk


async def started(dut: Any, connect: Callable[[], Board]) -> Board:
    """Return what is connected while the design is reset."""
    dut.aresetn.value = 0
    for name, period in PERIODS_PS.items():
        if hasattr(dut, name):
            # Driven in Python: what changes at an edge comes after it, wherever the clock goes.
            Clock(getattr(dut, name), period, "ps", impl="py").start()
    board = connect()
    # At least four cycles of the slowest clock.
    await ClockCycles(clock_of(dut, "s_axi_aclk"), 5)
    dut.aresetn.value = 1
    await ClockCycles(clock_of(dut, "s_axi_aclk"), 5)
    return board
