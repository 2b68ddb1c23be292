"""What runs inside the simulator: the register layer that PeakRDL made of the RDL, and the RTL.

``plan.json`` says where the package is, and what the RDL says that each register reads as.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

PLAN = json.loads(Path("plan.json").read_text())
TOP = PLAN["top"]


class Accesses:
    """Accesses of the layer, as AXI4-Lite."""

    def __init__(self, dut: Any) -> None:
        self.master = AxiLiteMaster(
            AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, dut.aresetn, False
        )
        self.count = 0

    async def read(self, addr: int, width: int, accesswidth: int) -> int:
        self.count += 1
        answer = await self.master.read(addr, width // 8)
        assert answer.resp == AxiResp.OKAY, f"read of {addr:#x}: {answer.resp}"
        return int.from_bytes(answer.data, "little")

    async def write(self, addr: int, width: int, accesswidth: int, data: int) -> None:
        self.count += 1
        answer = await self.master.write(addr, data.to_bytes(width // 8, "little"))
        assert answer.resp == AxiResp.OKAY, f"write to {addr:#x}: {answer.resp}"


def register_layer(accesses: Accesses) -> Any:
    sys.path.insert(0, PLAN["packages"])
    package = importlib.import_module(f"{TOP}.reg_model.{TOP}")
    callbacks = importlib.import_module(f"{TOP}.lib").AsyncCallbackSet(
        read_callback=accesses.read, write_callback=accesses.write
    )
    return getattr(package, f"{TOP}_cls")(callbacks=callbacks)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def every_register_is_what_the_rdl_says(dut: Any) -> None:
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, "ns").start()
    accesses = Accesses(dut)
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    layer = register_layer(accesses)

    for name, reads_as in PLAN["resets"].items():
        assert await getattr(layer, name).read() == reads_as, name

    for name in PLAN["read_only"]:
        register = getattr(layer, name)
        assert not hasattr(register, "write"), name
        answer = await accesses.master.write(register.address, b"\xff" * 4)
        assert answer.resp == AxiResp.SLVERR, name
        assert await register.read() == PLAN["resets"][name], name

    # Bits that hold what is written, one after the other.
    for name, field in PLAN["holding"]:
        register = getattr(layer, name)
        for value in (1, 0):
            await getattr(register, field).write(value)
            assert await getattr(register, field).read() == value, (name, field)
            assert await register.read() == value << getattr(register, field).lsb, (name, field)
    # Bits that do something once, and bits that a 1 clears, read as 0.
    for name, word in PLAN["others"].items():
        await getattr(layer, name).write(word)
        assert await getattr(layer, name).read() == 0, name
    print(f"registers: {len(PLAN['resets'])}, {accesses.count} accesses, none wrong")
