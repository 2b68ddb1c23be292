"""How a simulated board begins: clock, reset, and what is connected to the design between."""

from collections.abc import Callable
from typing import Any, TypeVar

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

Board = TypeVar("Board")


async def started(dut: Any, connect: Callable[[], Board]) -> Board:
    """Return what is connected while the design is reset."""
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, "ns").start()
    board = connect()
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    return board
