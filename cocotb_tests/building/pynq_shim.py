"""The parts of PYNQ that a driver stands on, over models of AXI managers in a simulation.

A driver is no coroutine: it calls, and waits. `cocotb.task.bridge` runs it in a thread, and what it
calls here is resumed in the simulation.
"""

from typing import Any

import numpy as np
from cocotb.task import resume
from cocotbext.axi import AxiLiteMaster, AxiStreamSink, AxiStreamSource

WORD = 4


class Mmio:
    """As `pynq.MMIO`, over AXI4-Lite; an access that is answered with an error is one here."""

    def __init__(self, master: AxiLiteMaster) -> None:
        self._master = master

    @resume
    async def read(self, offset: int = 0) -> int:
        answer = await self._master.read(offset, WORD)
        assert not answer.resp, f"read of {offset:#x}: {answer.resp}"
        return int.from_bytes(answer.data, "little")

    @resume
    async def write(self, offset: int, value: int) -> None:
        answer = await self._master.write(offset, value.to_bytes(WORD, "little"))
        assert not answer.resp, f"write to {offset:#x}: {answer.resp}"


class Buffer(np.ndarray[Any, Any]):
    """As `pynq.allocate` returns it, as far as the driver goes."""

    freed = False

    def freebuffer(self) -> None:
        self.freed = True


def allocate(shape: tuple[int, ...], dtype: Any) -> Buffer:
    """Return a buffer full of what nobody wrote."""
    buffer = np.empty(shape, dtype).view(Buffer)
    buffer.fill(0xA5)
    return buffer


class _Channel:
    """A transfer is begun by `transfer`, once the one before it was waited for."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self._buffer: Buffer | None = None

    def _begin(self, buffer: Buffer) -> None:
        assert isinstance(buffer, Buffer), "only what was allocated can be reached"
        assert self._buffer is None, "DMA channel not idle"
        self._buffer = buffer

    def _end(self) -> Buffer:
        assert self._buffer is not None, "nothing is under way"
        buffer, self._buffer = self._buffer, None
        return buffer


class SendChannel(_Channel):
    """As the sending channel of `pynq.lib.DMA`: TLAST ends a transfer."""

    _bus: AxiStreamSource

    @resume
    async def transfer(self, buffer: Buffer) -> None:
        self._begin(buffer)
        await self._bus.send(buffer.tobytes())

    @resume
    async def wait(self) -> None:
        await self._bus.wait()
        self._end()


class ReceiveChannel(_Channel):
    """As the receiving channel of `pynq.lib.DMA`: TLAST ends a transfer, which must have room."""

    _bus: AxiStreamSink

    def __init__(self, bus: AxiStreamSink) -> None:
        super().__init__(bus)
        bus.pause = True

    @resume
    async def transfer(self, buffer: Buffer) -> None:
        self._begin(buffer)
        self._bus.pause = False

    @resume
    async def wait(self) -> None:
        frame = await self._bus.recv()
        self._bus.pause = True
        data = bytes(frame.tdata)
        buffer = self._end()
        assert len(data) <= buffer.nbytes, "DMA Internal Error"
        buffer.reshape(-1)[: len(data)] = np.frombuffer(data, np.uint8)
