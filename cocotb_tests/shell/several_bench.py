"""What runs inside the simulator against an AXI shell with two inputs and two outputs."""

from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.shell.register_map import WORD_BYTES, registers
from cocotb_tests.shell.place_adder import TwoAdders

INPUTS, OUTPUTS = ("s_axis_a", "s_axis_b"), ("m_axis_a", "m_axis_b")
_LIMIT = 20_000


class Bench:
    """Models of AXI managers around the shell."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.random = Random(3)
        self.circuit = TwoAdders()
        self.addresses = {
            each.name: each.address for each in registers(("odd", "upper"), INPUTS, OUTPUTS)
        }
        reset = (dut.aclk, dut.aresetn, False)
        self.control = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *reset)
        self.sources = {
            name: AxiStreamSource(AxiStreamBus.from_prefix(dut, name), *reset) for name in INPUTS
        }
        self.sinks = {
            name: AxiStreamSink(AxiStreamBus.from_prefix(dut, name), *reset) for name in OUTPUTS
        }

    @classmethod
    async def start(cls, dut: Any) -> "Bench":
        """Start the clock and reset the shell."""
        dut.aresetn.value = 0
        Clock(dut.aclk, 10, "ns").start()
        bench = cls(dut)
        await ClockCycles(dut.aclk, 3)
        dut.aresetn.value = 1
        await ClockCycles(dut.aclk, 2)
        return bench

    async def read(self, name: str) -> int:
        answer = await self.control.read(self.addresses[name], WORD_BYTES)
        return int.from_bytes(answer.data, "little")

    async def enable(self, on: int) -> None:
        await self.control.write(self.addresses["control"], on.to_bytes(WORD_BYTES, "little"))

    def images(self, end: str, number: int) -> Int64:
        rng = np.random.default_rng(self.random.getrandbits(32))
        return rng.integers(-128, 128, (number, self.circuit.adders[end[-1]].beats, 1))

    async def expect(self, end: str, images: Int64) -> None:
        """Compare images, each ended by TLAST."""
        for image in self.circuit.adders[end[-1]].expected(images):
            frame = await with_timeout(self.sinks[f"m_axis_{end[-1]}"].recv(), _LIMIT, "ns")
            assert bytes(frame.tdata) == packed(image)


def packed(codes: Int64) -> bytes:
    return codes.astype("<i1").tobytes()


@cocotb.test(timeout_time=10 * _LIMIT, timeout_unit="ns")
async def counts_each_stream_and_all_together(dut: Any) -> None:
    bench = await Bench.start(dut)
    assert await bench.read("version") == 0x00010002
    await bench.enable(1)
    images = {name: bench.images(name, 3) for name in INPUTS}
    bench.sinks["m_axis_b"].pause = True
    first, *rest = images["s_axis_a"]
    await bench.sources["s_axis_a"].send(packed(first[:2]))  # With an early TLAST.
    await bench.sources["s_axis_a"].send(packed(first[2:]))
    for image in rest:
        await bench.sources["s_axis_a"].send(packed(image))
    await bench.sources["s_axis_b"].send(packed(images["s_axis_b"]))  # Without TLAST, twice.
    await bench.expect("s_axis_a", images["s_axis_a"])
    # The one output is there thrice, the other waits: no image has left whole.
    assert await bench.read("m_axis_a_images") == 3
    assert await bench.read("m_axis_b_images") == 0
    assert await bench.read("images_out") == 0
    assert await bench.read("status") & 1
    bench.sinks["m_axis_b"].pause = False
    await bench.expect("s_axis_b", images["s_axis_b"])
    await ClockCycles(dut.aclk, 20)
    counts = {name: await bench.read(name) for name in bench.addresses}
    for name in ("images_in", "images_out", *(f"{end}_images" for end in (*INPUTS, *OUTPUTS))):
        assert counts[name] == 3
    assert (counts["s_axis_a_tlast_early"], counts["s_axis_b_tlast_early"]) == (1, 0)
    assert (counts["s_axis_a_tlast_missing"], counts["s_axis_b_tlast_missing"]) == (0, 2)
    assert (counts["tlast_early"], counts["tlast_missing"]) == (1, 2)
    assert counts["m_axis_b_stalls"] > 0 == counts["m_axis_a_stalls"]
    assert counts["output_stalls"] == counts["m_axis_b_stalls"]
    assert counts["status"] == 0b110  # Idle, and an error.


@cocotb.test(timeout_time=10 * _LIMIT, timeout_unit="ns")
async def ends_with_the_same_image_at_every_input(dut: Any) -> None:
    bench = await Bench.start(dut)
    images = {name: bench.images(name, 3) for name in INPUTS}
    await bench.enable(1)
    beats = bench.circuit.adders["a"].beats
    await bench.sources["s_axis_a"].send(packed(images["s_axis_a"][:1])[: beats // 2])
    await bench.sources["s_axis_a"].wait()
    await bench.enable(0)
    await bench.sources["s_axis_a"].send(packed(images["s_axis_a"][:1])[beats // 2 :])
    for image in images["s_axis_a"][1:]:
        await bench.sources["s_axis_a"].send(packed(image))
    for image in images["s_axis_b"]:
        await bench.sources["s_axis_b"].send(packed(image))
    for name in INPUTS:
        await bench.expect(name, images[name][:1])
    await ClockCycles(dut.aclk, 200)
    assert await bench.read("status") & 3 == 2
    for name in INPUTS:
        assert await bench.read(f"{name}_images") == 1
        assert bench.sinks[f"m_axis_{name[-1]}"].empty()
    await bench.enable(1)
    for name in INPUTS:
        await bench.expect(name, images[name][1:])
    await ClockCycles(dut.aclk, 20)
    assert await bench.read("images_out") == 3
    assert await bench.read("status") & 3 == 2
