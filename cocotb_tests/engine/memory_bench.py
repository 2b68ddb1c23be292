"""What runs inside the simulator: loads and stores against cocotbext-axi's memory.

``plan.json`` in the working directory has the engine, bursts and seed, see `test_memory_to_memory`.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from amaranth.lib import data
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotbext.axi import (
    AddressSpace,
    AxiReadBus,
    AxiSlaveRead,
    AxiSlaveWrite,
    AxiWriteBus,
    MemoryRegion,
)
from numpy.typing import NDArray

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.engine.load_unit import Fault, load_layout
from bittrue.hdl.engine.store_unit import store_layout

BASE = (1 << 35) + 0x3000 - 40
"""Of the region: addresses of more than 32 bits, and pages that end within it."""
SIZE = 1 << 14
LIMIT = 60_000
"""Nanoseconds after which a test that waits fails."""


def packed(layout: data.StructLayout, values: Mapping[str, Any]) -> int:
    """Return a payload as an integer."""
    total = 0
    for name, field in layout:
        value = values[name]
        bits = packed(field.shape, value) if isinstance(value, Mapping) else int(value)
        assert 0 <= bits < 1 << field.width, (name, value)
        total |= bits << field.offset
    return total


class Bench:
    """The memory of a host, with pauses on every channel."""

    def __init__(self, dut: Any) -> None:
        plan = json.loads(Path("plan.json").read_text())
        self.dut = dut
        self.engine = EngineConfiguration.of_document(plan["engine"], "the plan")
        self.longest = plan["longest"]
        self.random = Random(plan["seed"])
        self.numbers = np.random.default_rng(plan["seed"])
        self.space = AddressSpace()
        self.region = MemoryRegion(SIZE + 2 * 4096)
        self.space.register_region(self.region, BASE - 4096)
        reset = (dut.clk, dut.rst)
        self.read = AxiSlaveRead(AxiReadBus.from_prefix(dut, "m_axi_r"), *reset, target=self.space)
        self.write = AxiSlaveWrite(
            AxiWriteBus.from_prefix(dut, "m_axi_w"), *reset, target=self.space
        )
        self.faults: dict[str, list[int]] = {"load": [], "store": []}

    @classmethod
    async def start(cls, dut: Any, pauses: float) -> "Bench":
        """Start the clock, reset, and let every channel pause at random."""
        for name in ("load", "store"):
            getattr(dut, f"{name}_valid").value = 0
            getattr(dut, f"{name}_payload").value = 0
        dut.rst.value = 1
        Clock(dut.clk, 10, "ns").start()
        bench = cls(dut)
        channels = (
            bench.read.ar_channel,
            bench.read.r_channel,
            bench.write.aw_channel,
            bench.write.w_channel,
            bench.write.b_channel,
        )
        for channel in channels:
            if pauses:
                channel.set_pause_generator(bench._pauses(pauses))
        await ClockCycles(dut.clk, 3)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        cocotb.start_soon(bench._watch())
        return bench

    def _pauses(self, probability: float) -> Iterator[bool]:
        return (self.random.random() < probability for _ in count())

    async def _watch(self) -> None:
        """Note how transfers end, and that no burst crosses a page or is too long."""
        dut, lanes = self.dut, self.engine.lanes
        while True:
            await RisingEdge(dut.clk)
            for name, faults in self.faults.items():
                if getattr(dut, f"{name}_done").value:
                    faults.append(int(getattr(dut, f"{name}_fault").value))
            for bus, channel in (("m_axi_r", "ar"), ("m_axi_w", "aw")):
                if getattr(dut, f"{bus}_{channel}valid").value:
                    address = int(getattr(dut, f"{bus}_{channel}addr").value)
                    words = int(getattr(dut, f"{bus}_{channel}len").value) + 1
                    assert words <= self.longest
                    assert address % lanes == 0
                    assert address // 4096 == (address + words * lanes - 1) // 4096

    async def give(self, name: str, payload: int) -> None:
        """Hand over a transfer; what is driven changes between the edges that are looked at."""
        dut = self.dut
        await FallingEdge(dut.clk)
        getattr(dut, f"{name}_payload").value = payload
        getattr(dut, f"{name}_valid").value = 1
        while True:
            await RisingEdge(dut.clk)
            if getattr(dut, f"{name}_ready").value:
                break
        await FallingEdge(dut.clk)
        getattr(dut, f"{name}_valid").value = 0

    async def ended(self, name: str, transfers: int) -> list[int]:
        """Wait until so many transfers have ended; return how."""

        async def wait() -> None:
            while len(self.faults[name]) < transfers:
                await RisingEdge(self.dut.clk)

        await with_timeout(wait(), LIMIT, "ns")
        await ClockCycles(self.dut.clk, 5)
        assert len(self.faults[name]) == transfers
        found, self.faults[name] = self.faults[name], []
        return found

    def random_transfer(self, words: int) -> dict[str, int]:
        """Return a transfer of so many words in all, within the region."""
        lanes, numbers = self.engine.lanes, self.numbers
        planes = int(numbers.choice([n for n in (1, 2, 3) if words % n == 0]))
        rows = int(numbers.choice([n for n in (1, 2, 4) if words // planes % n == 0]))
        run = words // planes // rows
        row_stride = lanes * (run + int(numbers.integers(0, 5)))
        plane_stride = rows * row_stride + lanes * int(numbers.integers(0, 5))
        span = (planes - 1) * plane_stride + (rows - 1) * row_stride + run * lanes
        address = lanes * int(numbers.integers(0, (SIZE - span) // lanes + 1))
        return {
            "address": address, "run": run, "row_stride": row_stride,
            "plane_stride": plane_stride, "rows": rows, "planes": planes, "base": BASE,
            "size": SIZE,
        }  # fmt: skip

    def places(self, transfer: Mapping[str, int]) -> NDArray[np.int64]:
        """Return every byte of a transfer, in order."""
        plane, row, byte = np.ogrid[
            : transfer["planes"], : transfer["rows"], : transfer["run"] * self.engine.lanes
        ]
        places = plane * transfer["plane_stride"] + row * transfer["row_stride"] + byte
        return (transfer["address"] + places).reshape(-1)

    async def content(self) -> NDArray[np.uint8]:
        """Return the memory, with a page before the region and a page behind it."""
        return np.frombuffer(await self.region.read(0, SIZE + 2 * 4096), dtype=np.uint8).copy()

    async def fill(self) -> NDArray[np.uint8]:
        """Write random bytes to all of the memory."""
        content = self.numbers.integers(0, 256, SIZE + 2 * 4096, dtype=np.uint8)
        await self.region.write(0, content.tobytes())
        return content


def load_of(transfer: Mapping[str, int], destination: int, recentre: int) -> int:
    values = {
        "transfer": transfer, "destination": destination, "buffer": 0, "recentre": recentre
    }  # fmt: skip
    return packed(load_layout(), values)


@cocotb.test()
@cocotb.parametrize(pauses=[0.0, 0.5])
async def words_go_from_memory_to_memory(dut: Any, pauses: float) -> None:
    """Several loads under way at once, then several stores: every byte of the memory is right."""
    bench = await Bench.start(dut, pauses)
    engine = bench.engine
    kept = np.zeros((engine.output_words, engine.lanes), dtype=np.uint8)
    for _ in range(2):
        content = await bench.fill()
        region = content[4096 : 4096 + SIZE]
        loads = [bench.random_transfer(int(n)) for n in bench.numbers.integers(1, 60, 4)]
        for transfer in loads:
            words = len(bench.places(transfer)) // engine.lanes
            first = int(bench.numbers.integers(0, engine.output_words - words + 1))
            recentre = int(bench.numbers.integers(0, 2))
            await bench.give("load", load_of(transfer, first, recentre))
            found = region[bench.places(transfer)] ^ (128 * recentre)
            kept[first : first + words] = found.reshape(-1, engine.lanes)
        assert await bench.ended("load", len(loads)) == [Fault.NONE] * len(loads)
        stores = [bench.random_transfer(int(n)) for n in bench.numbers.integers(1, 60, 4)]
        # What was never loaded has no known bytes: all of it is, once.
        whole = bench.random_transfer(1) | {
            "address": 0, "run": engine.output_words, "rows": 1, "planes": 1
        }  # fmt: skip
        await bench.give("load", load_of(whole, 0, 0))
        assert await bench.ended("load", 1) == [Fault.NONE]
        kept[:] = region[: engine.output_words * engine.lanes].reshape(-1, engine.lanes)
        for transfer in loads:
            words = len(bench.places(transfer)) // engine.lanes
            await bench.give("load", load_of(transfer, 3, 1))
            found = region[bench.places(transfer)] ^ 128
            kept[3 : 3 + words] = found.reshape(-1, engine.lanes)
        assert await bench.ended("load", len(loads)) == [Fault.NONE] * len(loads)
        for transfer in stores:
            places = bench.places(transfer)
            words = len(places) // engine.lanes
            first = int(bench.numbers.integers(0, engine.output_words - words + 1))
            recentre = int(bench.numbers.integers(0, 2))
            values = {"transfer": transfer, "source": first, "recentre": recentre}
            await bench.give("store", packed(store_layout(engine), values))
            region[places] = kept[first : first + words].reshape(-1) ^ (128 * recentre)
        assert await bench.ended("store", len(stores)) == [Fault.NONE] * len(stores)
        assert (await bench.content() == content).all()


@cocotb.test()
async def what_leaves_the_region_is_refused(dut: Any) -> None:
    """Nothing outside is written or read, whatever the fields; what comes next is done."""
    bench = await Bench.start(dut, 0.3)
    engine, lanes = bench.engine, bench.engine.lanes
    content = await bench.fill()
    good = {
        "address": 0, "run": engine.output_words, "row_stride": 0, "plane_stride": 0, "rows": 1,
        "planes": 1, "base": BASE, "size": SIZE,
    }  # fmt: skip
    await bench.give("load", load_of(good, 0, 0))
    assert await bench.ended("load", 1) == [Fault.NONE]
    wrong = [
        {"address": SIZE, "run": 1},
        {"address": SIZE - lanes, "run": 2},
        {"address": 0, "run": (1 << 32) - 1},
        {"address": (1 << 32) - lanes, "run": 1},
        {"address": lanes // 2, "run": 1},
        {"run": 0},
        {"run": 1, "rows": 0},
        {"run": 1, "planes": 0},
        {"address": SIZE, "run": 1, "rows": 3, "row_stride": (1 << 32) - lanes},
    ]
    for fields in wrong:
        transfer = good | fields
        await bench.give("load", load_of(transfer, 0, 0))
        values = {"transfer": transfer, "source": 0, "recentre": 0}
        await bench.give("store", packed(store_layout(engine), values))
        assert await bench.ended("load", 1) == [Fault.REGION], fields
        assert await bench.ended("store", 1) == [Fault.REGION], fields
        assert (await bench.content() == content).all(), fields
    # The second run leaves: the first one is stored, and told as refused all the same.
    transfer = good | {"run": 2, "rows": 2, "row_stride": SIZE}
    values = {"transfer": transfer, "source": 5, "recentre": 0}
    await bench.give("store", packed(store_layout(engine), values))
    assert await bench.ended("store", 1) == [Fault.REGION]
    content[4096 : 4096 + 2 * lanes] = content[4096 + 5 * lanes : 4096 + 7 * lanes]
    assert (await bench.content() == content).all()
    values = {"transfer": good | {"run": 7, "address": 64}, "source": 20, "recentre": 0}
    await bench.give("store", packed(store_layout(engine), values))
    assert await bench.ended("store", 1) == [Fault.NONE]


@cocotb.test()
async def errors_of_the_memory_are_told(dut: Any) -> None:
    """A region that the memory does not have: every response is an error, and none a hang."""
    bench = await Bench.start(dut, 0.3)
    nowhere = {
        "address": 0, "run": 40, "row_stride": 0, "plane_stride": 0, "rows": 1, "planes": 1,
        "base": 1 << 40, "size": 4096,
    }  # fmt: skip
    there = nowhere | {"base": BASE}
    for transfer, fault in ((nowhere, Fault.RESPONSE), (there, Fault.NONE)):
        await bench.give("load", load_of(transfer, 0, 0))
        assert await bench.ended("load", 1) == [fault]
        values = {"transfer": transfer, "source": 0, "recentre": 0}
        await bench.give("store", packed(store_layout(bench.engine), values))
        assert await bench.ended("store", 1) == [fault]
