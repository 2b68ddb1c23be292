"""The registers of AXI DMA in simple mode, over models of AXI streams and the process's memory.

As AMD's product guide PG021 has them; what is not used is left out, and asserted to be.
"""

import ctypes
from typing import Any

import cocotb
from cocotb.task import resume
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamSink, AxiStreamSource

ACCESS = 4
"""Cycles of an access."""

SENDS, RECEIVES = 0x00, 0x30
_CONTROL, _STATUS, _ADDRESS, _ADDRESS_HIGH, _LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
_RUN, _RESET, _ENABLES = 0x1, 0x4, 0x7000
_HALTED, _IDLE, _INTERNAL_ERROR, _DONE, _ERROR = 0x1, 0x2, 0x10, 0x1000, 0x4000


class _Channel:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.control, self.status = 0, _HALTED
        self.address = 0

    @property
    def interrupts(self) -> bool:
        return bool(self.control & self.status & _ENABLES)

    def read(self, offset: int) -> int:
        return {_CONTROL: self.control, _STATUS: self.status}[offset]

    def write(self, offset: int, value: int) -> None:
        if offset == _CONTROL:
            self.control = value & ~_RESET
            self.status = self.status & ~_HALTED | (0 if value & _RUN else _HALTED)
        elif offset == _STATUS:
            self.status &= ~(value & _ENABLES)
        elif offset == _ADDRESS:
            self.address = self.address >> 32 << 32 | value
        elif offset == _ADDRESS_HIGH:
            self.address = self.address & 0xFFFFFFFF | value << 32
        elif offset == _LENGTH:
            assert not self.status & _HALTED, "a transfer of a channel that is halted"
            self.status &= ~_IDLE
            cocotb.start_soon(self._transfer(value))
        else:
            raise AssertionError(f"there is no register at {offset:#x}")

    async def _transfer(self, length: int) -> None:
        raise NotImplementedError

    def _end(self, error: int = 0) -> None:
        self.status |= (error | _ERROR | _HALTED) if error else (_IDLE | _DONE)


class _Sends(_Channel):
    def __init__(self, bus: AxiStreamSource) -> None:
        self._bus = bus
        super().__init__()

    async def _transfer(self, length: int) -> None:
        await self._bus.send(ctypes.string_at(self.address, length))
        await self._bus.wait()
        self._end()


class _Receives(_Channel):
    def __init__(self, bus: AxiStreamSink) -> None:
        self._bus = bus
        bus.pause = True
        super().__init__()

    async def _transfer(self, length: int) -> None:
        self._bus.pause = False
        data = bytes((await self._bus.recv()).tdata)
        self._bus.pause = True
        if len(data) > length:
            self._end(_INTERNAL_ERROR)
            return
        ctypes.memmove(self.address, data, len(data))
        self._end()


class AxiDma:
    """One DMA with a channel in one or in both directions.

    Parameters
    ----------
    clock : object
        Of which an access takes some cycles.
    send, receive : AxiStreamSource, AxiStreamSink, optional
    """

    def __init__(self, clock: Any, send: Any = None, receive: Any = None) -> None:
        self._clock = clock
        self.channels: dict[int, _Channel] = {}
        if send is not None:
            self.channels[SENDS] = _Sends(send)
        if receive is not None:
            self.channels[RECEIVES] = _Receives(receive)

    @property
    def interrupts(self) -> bool:
        """Whether an interrupt of either channel is raised."""
        return any(channel.interrupts for channel in self.channels.values())

    @resume
    async def read(self, offset: int) -> int:
        await ClockCycles(self._clock, ACCESS)
        base = offset // RECEIVES * RECEIVES
        return self.channels[base].read(offset - base)

    @resume
    async def write(self, offset: int, value: int) -> None:
        await ClockCycles(self._clock, ACCESS)
        base = offset // RECEIVES * RECEIVES
        if offset == base + _CONTROL and value & _RESET:
            for channel in self.channels.values():
                channel.reset()
        else:
            self.channels[base].write(offset - base, value)
