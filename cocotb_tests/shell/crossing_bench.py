"""What runs inside the simulator against an AXI shell with three clocks around a `PlaceAdder`.

``plan.json`` in the working directory has its parameters, see `test_crossing_shell`.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.handle import Immediate
from cocotb.triggers import ClockCycles, RisingEdge, Timer, with_timeout
from cocotbext.axi import AxiLiteMaster, AxiResp, AxiStreamSink, AxiStreamSource

from bittrue.hdl.shell.register_map import WORD_BYTES, registers
from cocotb_tests.shell.axi_bench import CLEAR, ENABLE, ERROR, IMAGE, RESET, WRITABLE, Bench
from cocotb_tests.shell.held_channels import HeldChannels

CLOCKS = {
    "circuit fastest": (4_001, 9_973, 13_007),
    "data fastest": (11_003, 3_001, 7_919),
    "control fastest": (7_001, 19_997, 3_011),
    "nearly the same": (10_000, 10_007, 9_991),
}
"""Periods of circuit, data and control in picoseconds, without a common divisor."""

PLAN = json.loads(Path("plan.json").read_text())

LIMIT = 10_000
"""Nanoseconds after which a test that waits for data fails."""


async def drifting_clock(signal: Any, period: int, random: Random) -> None:
    """Drive a clock whose period wanders by up to 2 %, each edge with jitter of its own.

    Edges are written at once: among the writes of other coroutines, they would come after these.
    """
    drift = 0.0
    signal.set(Immediate(0))
    while True:
        for level in (1, 0):
            drift = max(-0.02, min(0.02, drift + random.uniform(-0.002, 0.002)))
            half = period / 2 * (1 + drift + random.uniform(-0.01, 0.01))
            await Timer(max(1, round(half)), "ps")
            signal.set(Immediate(level))


class CrossingBench(Bench):
    """Models of AXI managers around the shell, each at a clock of its own."""

    slowest: Any
    """The clock with the longest period."""

    begun_beats = 0
    """Beats of an output that were handed over since the last that TLAST ended."""

    def managers(
        self, control: Any, data: Any
    ) -> tuple[AxiLiteMaster, AxiStreamSource, AxiStreamSink]:
        return super().managers(self.dut.s_axi_aclk, self.dut.axis_aclk)

    @classmethod
    async def begin(cls, dut: Any, clocks: str, pauses: float) -> "CrossingBench":
        """Start the clocks, reset the shell, and let every channel pause at random."""
        dut.aresetn.value = 0
        random = Random(PLAN["seed"])
        signals = (dut.aclk, dut.axis_aclk, dut.s_axi_aclk)
        for signal, period in zip(signals, CLOCKS[clocks], strict=True):
            cocotb.start_soon(drifting_clock(signal, period, Random(random.random())))
        bench = cls(dut)
        bench.slowest = max(zip(CLOCKS[clocks], signals, strict=True), key=lambda each: each[0])[1]
        bench.pause(pauses)
        await RisingEdge(dut.axis_aclk)
        cocotb.start_soon(bench._watch_data())
        cocotb.start_soon(bench._watch_control())
        await bench.reset()
        return bench

    async def reset(self) -> None:
        """Reset everything for as long as it takes, and let go at no clock's edge."""
        self.dut.aresetn.value = 0
        await ClockCycles(self.slowest, 4)
        await Timer(self.random.randint(1, 3_000), "ps")
        self.source.clear()
        self.sink.clear()
        self.dut.aresetn.value = 1
        await ClockCycles(self.slowest, 4)

    async def _watch_data(self) -> None:
        """What is offered must stay as it is; in reset nothing is offered and nothing taken."""
        dut = self.dut
        payload = dut.m_axis_tdata, dut.m_axis_tlast
        held = HeldChannels({"m_axis": (dut.m_axis_tvalid, dut.m_axis_tready, payload)})
        while True:
            await RisingEdge(dut.axis_aclk)
            if not dut.aresetn.value:
                assert int(dut.m_axis_tvalid.value) == 0
                assert int(dut.s_axis_tready.value) == 0
                held.waiting, self.begun_beats = {}, 0
                continue
            if dut.m_axis_tvalid.value and dut.m_axis_tready.value:
                self.begun_beats = 0 if dut.m_axis_tlast.value else self.begun_beats + 1
            held.check(not self.withdrawals_allowed)

    async def _watch_control(self) -> None:
        dut = self.dut
        held = HeldChannels(
            {
                "r": (dut.s_axi_rvalid, dut.s_axi_rready, (dut.s_axi_rdata, dut.s_axi_rresp)),
                "b": (dut.s_axi_bvalid, dut.s_axi_bready, (dut.s_axi_bresp,)),
            }
        )
        while True:
            await RisingEdge(dut.s_axi_aclk)
            if not dut.aresetn.value:
                for port in (dut.s_axi_bvalid, dut.s_axi_rvalid, dut.s_axi_awready):
                    assert int(port.value) == 0
                for port in (dut.s_axi_wready, dut.s_axi_arready):
                    assert int(port.value) == 0
                held.waiting = {}
                continue
            held.check()

    async def receive(self) -> bytes:
        frame = await with_timeout(self.sink.recv(), LIMIT, "ns")
        return bytes(frame.tdata)


def crossing_test(
    pauses: float = 0.0,
) -> Callable[[Callable[[CrossingBench], Awaitable[None]]], None]:
    """Return a decorator that makes a cocotb test of a function of a bench for all clocks."""

    def decorate(function: Callable[[CrossingBench], Awaitable[None]]) -> None:
        for clocks in PLAN["clocks"]:
            _add(function, clocks, pauses)

    return decorate


def _add(function: Callable[[CrossingBench], Awaitable[None]], clocks: str, pauses: float) -> None:
    async def test(dut: Any) -> None:
        await function(await CrossingBench.begin(dut, clocks, pauses))

    test.__name__ = test.__qualname__ = f"{function.__name__}_{clocks.replace(' ', '_')}"
    globals()[test.__name__] = cocotb.test(timeout_time=2 * LIMIT, timeout_unit="ns")(test)


@crossing_test(pauses=0.3)
async def streams_images_with_pauses_everywhere(bench: CrossingBench) -> None:
    images = bench.images(12)
    await bench.write("control", ENABLE)
    cocotb.start_soon(bench.send(images))
    await bench.expect(images)
    assert await bench.read("images_in") == 12
    assert await bench.read("images_out") == 12
    for name in ("tlast_missing", "tlast_early", "code_errors"):
        assert await bench.read(name) == 0
    await bench.finish()


@crossing_test()
async def streams_images_at_full_speed(bench: CrossingBench) -> None:
    images = bench.images(20)
    await bench.write("control", ENABLE)
    cocotb.start_soon(bench.send(images))
    await bench.expect(images)
    await bench.finish()


@crossing_test(pauses=0.2)
async def has_every_register(bench: CrossingBench) -> None:
    for register in registers(("odd", "upper"), build=bench.build):
        value = await bench.read(register.name)
        if register.constant is not None:
            assert value == register.constant
        answer = await bench.control.write(register.address, bytes(WORD_BYTES))
        expected = AxiResp.OKAY if register.name in WRITABLE else AxiResp.SLVERR
        assert answer.resp == expected
    assert (await bench.control.read(0xFFC, WORD_BYTES)).resp == AxiResp.SLVERR
    for value in (IMAGE, ERROR, IMAGE | ERROR, 0):
        await bench.write("interrupt_enable", value)
        assert await bench.read("interrupt_enable") == value
    await bench.write("control", ENABLE)
    assert await bench.read("control") == ENABLE


@crossing_test(pauses=0.2)
async def interrupts_until_it_is_cleared(bench: CrossingBench) -> None:
    images = bench.images(2)
    await bench.write("interrupt_enable", IMAGE)
    await bench.write("control", ENABLE)
    for image in images:
        assert not int(bench.dut.irq.value)
        await bench.send(image[None])
        await with_timeout(RisingEdge(bench.dut.irq), LIMIT, "ns")
        await bench.write("interrupt_status", IMAGE)
        await ClockCycles(bench.dut.s_axi_aclk, 6)
    await bench.expect(images)


@crossing_test()
async def drops_what_is_under_way(bench: CrossingBench) -> None:
    """After the answer to a reset, only what is sent then comes out, however much was within."""
    bench.withdrawals_allowed = True
    beats = bench.circuit.beats
    await bench.write("control", ENABLE)
    for _ in range(6):
        bench.sink.pause = bench.random.random() < 0.5
        begun = bench.images(2)
        size = len(bench.pack(begun)) // (2 * beats)
        taken = bench.random.randint(1, 2 * beats - 1)
        sending = cocotb.start_soon(bench.source.send(bench.pack(begun)[: taken * size]))
        await sending
        if not bench.sink.pause or taken < beats:
            await bench.source.wait()
        await Timer(bench.random.randint(1, 60_000), "ps")
        bench.source.clear()
        await ClockCycles(bench.dut.axis_aclk, 2)
        await bench.write("control", ENABLE | RESET | CLEAR)
        handed = bench.begun_beats
        bench.sink.clear()
        bench.sink.pause = False
        images = bench.images(2)
        await bench.send(images)
        first, second = (bench.pack(image) for image in bench.circuit.expected(images))
        received = await bench.receive()
        # What a reader has of an image that is dropped is its own to forget.
        before = received.removesuffix(first)
        assert received == before + first
        assert len(before) == handed * size
        assert any(bench.pack(x).startswith(before) for x in bench.circuit.expected(begun))
        assert await bench.receive() == second
        assert await bench.read("images_out") == 2


@crossing_test(pauses=0.2)
async def is_reset_in_mid_stream(bench: CrossingBench) -> None:
    bench.withdrawals_allowed = True
    for _ in range(3):
        await bench.write("control", ENABLE)
        await bench.send(bench.images(3))
        await Timer(bench.random.randint(50, 900), "ns")
        await bench.reset()
        assert await bench.read("images_in") == 0
        assert await bench.read("control") == 0
        await bench.write("control", ENABLE)
        images = bench.images(3)
        await bench.send(images)
        await bench.expect(images)
        await bench.finish()
