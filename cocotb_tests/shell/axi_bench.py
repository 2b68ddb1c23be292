"""What runs inside the simulator against an AXI shell around a `PlaceAdder`.

``plan.json`` in the working directory has its parameters, see `test_shell`.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.shell import AxiShell
from bittrue.hdl.shell.register_map import WORD_BYTES, registers
from cocotb_tests.shell.held_channels import HeldChannels
from cocotb_tests.shell.place_adder import PlaceAdder

Codes = Int64

ENABLE, RESET, CLEAR = 1, 2, 4
IMAGE, ERROR = 1, 2
WRITABLE = ("control", "interrupt_enable", "interrupt_status")
LIMIT = 20_000
"""Nanoseconds after which a test that waits for data fails."""


class Bench:
    """Models of AXI managers around the shell."""

    def __init__(self, dut: Any) -> None:
        plan = json.loads(Path("plan.json").read_text())
        self.dut = dut
        self.circuit = PlaceAdder(IntegerType.parse(plan["kind"]), plan["lanes"], plan["beats"])
        self.build = plan["build"]
        self.random = Random(plan["seed"])
        self.addresses = {
            register.name: register.address for register in registers(("odd", "upper"))
        }
        self.control, self.source, self.sink = self.managers(dut.aclk, dut.aclk)
        self.taken = 0
        self.output_stalls = 0
        self.withdrawals_allowed = False

    def managers(
        self, control: Any, data: Any
    ) -> tuple[AxiLiteMaster, AxiStreamSource, AxiStreamSink]:
        """Return models of AXI managers at the clocks of control and data."""
        dut, reset = self.dut, (self.dut.aresetn, False)
        return (
            AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), control, *reset),
            AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), data, *reset),
            AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), data, *reset),
        )

    @classmethod
    async def start(cls, dut: Any, pauses: float = 0.0) -> "Bench":
        """Start the clock, reset the shell, and let every channel pause at random."""
        dut.aresetn.value = 0
        Clock(dut.aclk, 10, "ns").start()
        bench = cls(dut)
        bench.pause(pauses)
        await RisingEdge(dut.aclk)  # At time zero, nothing has a value yet.
        cocotb.start_soon(bench._watch())
        await bench.reset()
        return bench

    async def reset(self) -> None:
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 3)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)

    def pause(self, probability: float) -> None:
        """Let both ends of the data and all five channels of control pause."""
        write, read = self.control.write_if, self.control.read_if
        channels = (
            self.source,
            self.sink,
            write.aw_channel,
            write.w_channel,
            write.b_channel,
            read.ar_channel,
            read.r_channel,
        )
        for channel in channels:
            channel.set_pause_generator(self._pauses(probability) if probability else None)

    def _pauses(self, probability: float) -> Iterator[bool]:
        return (self.random.random() < probability for _ in count())

    async def _watch(self) -> None:
        """Count what is taken, and what a reader makes the shell wait for.

        What waits must stay as it is; in reset nothing is offered and nothing taken.
        """
        dut = self.dut
        held = HeldChannels(
            {
                "m_axis": (
                    dut.m_axis_tvalid,
                    dut.m_axis_tready,
                    (dut.m_axis_tdata, dut.m_axis_tlast),
                ),
                "r": (dut.s_axi_rvalid, dut.s_axi_rready, (dut.s_axi_rdata, dut.s_axi_rresp)),
                "b": (dut.s_axi_bvalid, dut.s_axi_bready, (dut.s_axi_bresp,)),
            }
        )
        while True:
            await RisingEdge(dut.aclk)
            if not dut.aresetn.value:
                self.require_silence()
            self.taken += bool(dut.s_axis_tvalid.value and dut.s_axis_tready.value)
            held.check(bool(dut.aresetn.value) and not self.withdrawals_allowed)
            self.output_stalls += "m_axis" in held.waiting

    def require_silence(self) -> None:
        dut = self.dut
        for port in (
            dut.m_axis_tvalid,
            dut.s_axis_tready,
            dut.s_axi_bvalid,
            dut.s_axi_rvalid,
            dut.s_axi_awready,
            dut.s_axi_wready,
            dut.s_axi_arready,
        ):
            assert int(port.value) == 0

    async def read(self, name: str) -> int:
        return await self.read_address(self.addresses[name])

    async def read_address(self, address: int) -> int:
        answer = await self.control.read(address, WORD_BYTES)
        assert answer.resp == AxiResp.OKAY
        return int.from_bytes(answer.data, "little")

    async def write(self, name: str, value: int) -> None:
        word = value.to_bytes(WORD_BYTES, "little")
        answer = await self.control.write(self.addresses[name], word)
        assert answer.resp == AxiResp.OKAY

    def images(self, number: int) -> Codes:
        """Return random images."""
        kind = self.circuit.kind
        generator = np.random.default_rng(self.random.getrandbits(32))
        shape = (number, self.circuit.beats, self.circuit.lanes)
        return generator.integers(kind.minimum, kind.maximum + 1, shape)

    def pack(self, codes: Codes) -> bytes:
        """Return the bytes of codes."""
        kind = self.circuit.kind
        size = 1 if kind.width <= 8 else 2
        return codes.astype(f"<{'i' if kind.signed else 'u'}{size}").tobytes()

    async def send(self, images: Codes) -> None:
        for image in images:
            await self.source.send(self.pack(image))

    async def receive(self) -> bytes:
        frame = await with_timeout(self.sink.recv(), LIMIT, "ns")
        return bytes(frame.tdata)

    async def expect(self, images: Codes) -> None:
        """Compare an image at a time, each ended by TLAST."""
        assert len(images)
        for image in self.circuit.expected(images):
            assert await self.receive() == self.pack(image)

    async def finish(self) -> None:
        """Make sure that nothing is left over."""
        await ClockCycles(self.dut.aclk, 50)
        assert self.sink.empty()
        assert self.sink.idle()
        assert await self.read("status") & 3 == 2


def shell_test(pauses: float = 0.0) -> Callable[[Callable[[Bench], Awaitable[None]]], Any]:
    """Return a decorator that makes a cocotb test of a function of a bench."""

    def decorate(function: Callable[[Bench], Awaitable[None]]) -> Any:
        async def test(dut: Any) -> None:
            await function(await Bench.start(dut, pauses))

        test.__name__ = test.__qualname__ = function.__name__
        return cocotb.test(timeout_time=10 * LIMIT, timeout_unit="ns")(test)

    return decorate


@shell_test(pauses=0.3)
async def identifies_itself(bench: Bench) -> None:
    assert (await bench.read("identification")).to_bytes(4) == b"btru"
    assert await bench.read("version") == 0x00010002
    assert await bench.read("build") == bench.build
    assert await bench.read("layers") == 2
    assert await bench.read("control") == 0
    assert await bench.read("status") == 2
    assert not bench.dut.m_axis_tvalid.value


@shell_test(pauses=0.3)
async def refuses_what_it_does_not_have(bench: Bench) -> None:
    last = max(bench.addresses.values())
    for address in (last + WORD_BYTES, 0xFFC, bench.addresses["interrupt_status"] + WORD_BYTES):
        assert (await bench.control.read(address, WORD_BYTES)).resp == AxiResp.SLVERR
        assert (await bench.control.write(address, bytes(4))).resp == AxiResp.SLVERR
    for name, address in bench.addresses.items():
        if name not in WRITABLE:
            before = await bench.read(name)
            assert (await bench.control.write(address, b"\xff" * 4)).resp == AxiResp.SLVERR
            assert await bench.read(name) == before
    assert await bench.read("control") == 0


@shell_test(pauses=0.3)
async def writes_only_the_bytes_that_are_strobed(bench: Bench) -> None:
    address = bench.addresses["control"]
    for byte in (1, 2, 3):
        assert (await bench.control.write(address + byte, b"\xff")).resp == AxiResp.OKAY
    assert await bench.read("control") == 0
    assert (await bench.control.write(address, bytes([ENABLE]))).resp == AxiResp.OKAY
    assert await bench.read("control") == ENABLE


@shell_test(pauses=0.4)
async def streams_images_with_pauses_everywhere(bench: Bench) -> None:
    images = bench.images(6)
    await bench.write("control", ENABLE)
    cocotb.start_soon(bench.send(images))
    await bench.expect(images)
    await bench.finish()
    assert await bench.read("images_in") == 6
    assert await bench.read("images_out") == 6
    assert await bench.read("output_stalls") == bench.output_stalls > 0
    for layer, stalls in bench.circuit.stalled(images).items():
        assert await bench.read(f"stalls_{layer}") == stalls
    for name in ("tlast_missing", "tlast_early", "code_errors"):
        assert await bench.read(name) == 0


@shell_test()
async def takes_a_beat_in_every_cycle(bench: Bench) -> None:
    images, beats = bench.images(5), bench.circuit.beats
    await bench.write("control", ENABLE)
    await bench.source.send(bench.pack(images))  # One frame: the source pauses between frames.
    await bench.expect(images)
    await bench.finish()
    # The last output leaves the circuit LATENCY cycles after its input, and the shell one later.
    expected = beats + PlaceAdder.LATENCY + AxiShell.LATENCY // 2
    assert await bench.read("first_image_cycles") == expected
    assert await bench.read("image_interval") == beats
    assert await bench.read("input_stalls") == 0
    assert await bench.read("output_stalls") == 0
    cycles = await bench.read("cycles_low")
    assert await bench.read("cycles_low") > cycles > 5 * beats
    assert await bench.read("cycles_high") == 0


@shell_test()
async def counts_every_cycle_in_which_data_wait(bench: Bench) -> None:
    bench.sink.pause = True
    await bench.write("control", ENABLE)
    await bench.send(bench.images(3))
    await ClockCycles(bench.dut.aclk, 60)
    assert not bench.dut.s_axis_tready.value
    for name in ("input_stalls", "output_stalls", "cycles_low"):
        first = await bench.read(name)
        await ClockCycles(bench.dut.aclk, 100)
        second = await bench.read(name)
        await ClockCycles(bench.dut.aclk, 300)
        # Reads at equal distances, so the additional 200 cycles are all that differ.
        assert (await bench.read(name) - second) - (second - first) == 200


@shell_test(pauses=0.3)
async def counts_misplaced_tlast_and_keeps_frames(bench: Bench) -> None:
    images = bench.images(4)
    await bench.write("control", ENABLE)
    data = [bench.pack(image) for image in images]
    beat = len(data[0]) // bench.circuit.beats
    begin, rest = data[0][:beat], data[0][3 * beat :]
    for frame in (begin, data[0][beat : 3 * beat], rest, data[1] + data[2], data[3]):
        await bench.source.send(frame)
    await bench.expect(images)
    await bench.finish()
    assert await bench.read("tlast_early") == 2
    assert await bench.read("tlast_missing") == 1
    assert await bench.read("status") == 0b110
    await bench.write("control", ENABLE | CLEAR)
    assert await bench.read("status") == 0b010
    for name in ("tlast_early", "tlast_missing", "images_in", "images_out"):
        assert await bench.read(name) == 0
    assert await bench.read("control") == ENABLE
    again = bench.images(2)
    await bench.send(again)
    await bench.expect(again)
    assert await bench.read("images_out") == 2


@shell_test(pauses=0.3)
async def interrupts_for_what_is_enabled_until_it_is_cleared(bench: Bench) -> None:
    images, dut = bench.images(2), bench.dut
    await bench.write("control", ENABLE)
    await bench.send(images[:1])
    await bench.expect(images[:1])
    await ClockCycles(dut.aclk, 5)
    assert await bench.read("interrupt_status") == IMAGE
    assert not int(dut.irq.value)
    await bench.write("interrupt_enable", ERROR)
    assert await bench.read("interrupt_enable") == ERROR
    assert not int(dut.irq.value)
    await bench.write("interrupt_enable", IMAGE | ERROR)
    await ClockCycles(dut.aclk, 2)
    assert int(dut.irq.value)
    await bench.write("interrupt_status", ERROR)
    assert await bench.read("interrupt_status") == IMAGE
    await bench.write("interrupt_status", IMAGE)
    await ClockCycles(dut.aclk, 2)
    assert await bench.read("interrupt_status") == 0
    assert not int(dut.irq.value)
    data = bench.pack(images[1])
    await bench.source.send(data[: len(data) // bench.circuit.beats])
    await bench.source.wait()
    await ClockCycles(dut.aclk, 5)
    assert await bench.read("interrupt_status") == ERROR  # An early TLAST.
    assert int(dut.irq.value)
    # What is cleared together with counters, or dropped, is still told.
    await bench.write("control", ENABLE | CLEAR)
    assert await bench.read("interrupt_status") == ERROR
    await bench.source.send(data[len(data) // bench.circuit.beats :])
    await bench.expect(images[1:])
    await ClockCycles(dut.aclk, 5)
    assert await bench.read("interrupt_status") == IMAGE | ERROR
    await bench.write("interrupt_status", IMAGE | ERROR)
    assert await bench.read("interrupt_status") == 0


@shell_test(pauses=0.3)
async def counts_codes_that_do_not_fit(bench: Bench) -> None:
    images = bench.images(2)
    data = bytearray(bench.pack(images))
    kind, size = bench.circuit.kind, len(data) // images.size
    wrong = 0
    if kind.width % 8:
        # The uppermost bit of the last lane's code, in every second beat.
        step = size * bench.circuit.lanes
        for last in range(step - 1, len(data), 2 * step):
            data[last] ^= 0x80
            wrong += 1
    await bench.write("control", ENABLE)
    for first in (0, len(data) // 2):
        await bench.source.send(bytes(data[first : first + len(data) // 2]))
    await bench.expect(images)
    assert await bench.read("code_errors") == wrong
    assert await bench.read("status") == (0b110 if wrong else 0b010)


@shell_test(pauses=0.2)
async def takes_images_only_while_enabled(bench: Bench) -> None:
    images = bench.images(3)
    await bench.send(images[:1])
    await ClockCycles(bench.dut.aclk, 100)
    assert await bench.read("cycles_low") == 0
    assert await bench.read("status") == 0b10
    assert bench.sink.empty()
    await bench.write("control", ENABLE)
    await bench.expect(images[:1])
    # An image is begun, and the shell disabled before it ends: it is completed, no other begun.
    data = bench.pack(images[1])
    half = len(data) // bench.circuit.beats * (bench.circuit.beats // 2)
    await bench.source.send(data[:half])
    await bench.source.wait()
    while await bench.read("status") != 0b101:  # Busy; the early TLAST is an error.
        pass
    await bench.write("control", 0)
    await bench.source.send(data[half:])
    await bench.send(images[2:])
    await bench.expect(images[1:2])
    await bench.finish()
    assert await bench.read("images_in") == 2
    assert bench.taken == 2 * bench.circuit.beats
    await bench.write("control", ENABLE)
    await bench.expect(images[2:])
    await bench.finish()


@shell_test()
async def takes_no_beat_before_it_is_enabled(bench: Bench) -> None:
    beats = bench.circuit.beats
    images = bench.images(3)
    cocotb.start_soon(bench.send(images))
    await ClockCycles(bench.dut.aclk, 50)
    assert bench.dut.s_axis_tvalid.value
    assert bench.taken == 0
    await bench.write("control", ENABLE)
    while bench.taken == 0:
        await RisingEdge(bench.dut.aclk)
    # The image begun is taken whole, of the next one nothing, however it is timed.
    await bench.write("control", 0)
    await ClockCycles(bench.dut.aclk, 5 * beats)
    assert bench.taken % beats == 0
    whole = bench.taken // beats
    assert 1 <= whole <= len(images)
    await bench.expect(images[:whole])
    await bench.finish()
    assert await bench.read("images_in") == whole
    await bench.write("control", ENABLE)
    if whole < len(images):
        await bench.expect(images[whole:])
    await bench.finish()
    assert bench.taken == len(images) * beats


@shell_test()
async def offers_nothing_in_reset(bench: Bench) -> None:
    """Not even in the first moment, when an output and an answer wait."""
    dut, images = bench.dut, bench.images(2)
    answers = (bench.control.read_if.r_channel, bench.control.write_if.b_channel)
    await bench.write("control", ENABLE)
    for channel in (bench.sink, *answers):
        channel.pause = True
    await begin_image(bench, images[0])
    address = bench.addresses["status"]  # The reset takes both answers away, so they are no words.
    cocotb.start_soon(bench.control.read(address, WORD_BYTES))
    cocotb.start_soon(bench.control.write(address, bytes(WORD_BYTES)))
    while not (dut.m_axis_tvalid.value and dut.s_axi_rvalid.value and dut.s_axi_bvalid.value):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 0
    await Timer(1, "ns")  # Registers do not know yet.
    bench.require_silence()
    await bench.reset()
    for channel in (bench.sink, *answers):
        channel.pause = False
    bench.sink.clear()
    await bench.write("control", ENABLE)
    await bench.send(images[1:])
    await bench.expect(images[1:])
    await bench.finish()


async def begin_image(bench: Bench, image: Codes) -> bytes:
    """Send two beats of an image, and return them once they have gone through the circuit."""
    begun = bench.pack(image[:2])
    await bench.source.send(begun)
    await bench.source.wait()
    await ClockCycles(bench.dut.aclk, 20)
    return begun


@shell_test()
async def begins_anew_after_a_reset_in_mid_stream(bench: Bench) -> None:
    images = bench.images(3)
    await bench.write("control", ENABLE)
    await begin_image(bench, images[0])
    await bench.reset()
    bench.sink.clear()
    assert await bench.read("control") == 0
    assert await bench.read("cycles_low") == 0
    await bench.write("control", ENABLE)
    bench.pause(0.3)
    await bench.send(images[1:])
    await bench.expect(images[1:])
    await bench.finish()
    assert await bench.read("images_in") == 2


@shell_test()
async def begins_anew_when_reset_by_software(bench: Bench) -> None:
    images = bench.images(3)
    await bench.write("control", ENABLE)
    sent = await begin_image(bench, images[0])
    assert await bench.read("status") & 1
    await bench.write("control", ENABLE | RESET)
    assert await bench.read("control") == ENABLE
    assert not await bench.read("status") & 1
    bench.pause(0.3)
    await bench.send(images[1:])
    # What had left before the reset, and no TLAST had ended, is ahead of the first whole image.
    first, second = (bench.pack(image) for image in bench.circuit.expected(images[1:]))
    begun = bench.pack(bench.circuit.expected(images)[0])[: len(sent)]
    assert await bench.receive() == begun + first
    assert await bench.receive() == second
    await bench.finish()
    assert await bench.read("images_in") == 2


@shell_test()
async def drops_outputs_that_wait_when_reset_by_software(bench: Bench) -> None:
    images = bench.images(2)
    bench.sink.pause = True
    await bench.write("control", ENABLE)
    await begin_image(bench, images[0])
    assert bench.dut.m_axis_tvalid.value
    bench.withdrawals_allowed = True
    await bench.write("control", ENABLE | RESET)
    await ClockCycles(bench.dut.aclk, 2)
    assert not bench.dut.m_axis_tvalid.value
    bench.sink.pause = False
    await bench.send(images[1:])
    await bench.expect(images[1:])
    await bench.finish()
