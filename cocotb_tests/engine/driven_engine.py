"""A simulated engine that drivers use as one on a board: registers, and memory behind caches.

The bench of `flows.simulation.engine` takes its orders from a file and writes a log; here both are
pipes. What a host writes to memory is in the simulation after a flush, and what the engine wrote is
seen after an invalidation, so a driver that leaves one out gets wrong codes.
"""

import ctypes
import mmap
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bittrue.flows.simulation.engine.bench import BASE, Bench
from bittrue.flows.simulation.simulators import icarus, verilator

_MAP_FIXED_NOREPLACE = 0x100000
_PAGE = 4096
_PIPES = ("orders", "log")
_PATIENCE = 60.0
"""Seconds until an answer, after which the simulation is taken for dead."""


class Buffer(np.ndarray[Any, Any]):
    """As `pynq.allocate` returns it, as far as the driver goes."""

    memory: Any = None
    freed = False

    @property
    def device_address(self) -> int:
        return int(self.ctypes.data)

    def flush(self) -> None:
        self.memory.flush(self.device_address, self.nbytes)

    def invalidate(self) -> None:
        self.memory.invalidate(self.device_address, self.nbytes)

    def freebuffer(self) -> None:
        self.freed = True

    def __array_finalize__(self, other: Any) -> None:
        self.memory = getattr(other, "memory", None)


class DrivenEngine:
    """Registers as `pynq.MMIO`, and memory that is at the same addresses for host and engine."""

    def __init__(self, orders: int, log: int, work: Path, bench: Bench) -> None:
        self._orders = orders
        self._log = log
        self._rest = b""
        self._work = work
        self._lanes = bench.engine.lanes
        self._files = 0
        size = self._lanes * bench.words
        self._inside = np.full(size, 0x5A, np.uint8)
        """What the simulation has."""
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *4 * [ctypes.c_int]]
        library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED_NOREPLACE
        place = library.mmap(BASE, size, mmap.PROT_READ | mmap.PROT_WRITE, kind, -1, 0)
        assert place == BASE, f"no memory at {BASE:#x}: {os.strerror(ctypes.get_errno())}"
        self._unmap = lambda: library.munmap(BASE, size)
        self._seen = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(BASE))
        """What the host has."""
        self._seen[:] = 0xA5
        self._next = _PAGE
        self.accesses = 0

    def read(self, offset: int) -> int:
        self.accesses += 1
        self._order(f"r {offset:x}")
        return int(self._answer("r"), 16)

    def write(self, offset: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.accesses += 1
        self._order(f"w {offset:x} {value:x}")

    def wait_for_interrupt(self, cycles: int = 100_000) -> bool:
        self._order(f"i {cycles}")
        return self._answer("i") == "1"

    def fail(self, address: int) -> None:
        """Have the word at an address answer with an error from now on."""
        self._order(f"f {address:x}")

    def allocate(self, shape: tuple[int, ...], dtype: Any) -> Buffer:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        place = self._next
        self._next += -(-size // _PAGE) * _PAGE
        assert self._next <= len(self._seen), "the bench has no more memory"
        buffer = self._seen[place : place + size].view(dtype).reshape(shape).view(Buffer)
        buffer.memory = self
        return buffer

    def flush(self, address: int, size: int) -> None:
        first, end = self._place(address), self._place(address) + size
        self._inside[first:end] = self._seen[first:end]
        end += -end % self._lanes
        words = self._inside[first:end].reshape(-1, self._lanes)
        self._files += 1
        name = f"content_{self._files}"
        (self._work / name).write_bytes(words[:, ::-1].tobytes())
        self._order(f"l {address:x} {len(words)} {name}")

    def invalidate(self, address: int, size: int) -> None:
        first = self._place(address)
        self._seen[first : first + size] = self._inside[first : first + size]

    def close(self) -> None:
        self._unmap()

    def _place(self, address: int) -> int:
        assert address % self._lanes == 0
        assert BASE <= address < BASE + len(self._seen)
        return address - BASE

    def _order(self, line: str) -> None:
        os.write(self._orders, f"{line}\n".encode())

    def _answer(self, kind: str) -> str:
        """Return what follows a letter in the log, and keep what the engine stored until then."""
        while True:
            line = self._line().split()
            assert line[0] != "x", "the engine asked for what is no memory"
            if line[0] == "s":
                place = self._place(int(line[1], 16))
                known = line[2].replace("x", "e")  # What nobody wrote is anything.
                word = int(known, 16).to_bytes(self._lanes, "little")
                self._inside[place : place + self._lanes] = np.frombuffer(word, np.uint8)
            elif line[0] == kind:
                return line[1]

    def _line(self) -> str:
        while b"\n" not in self._rest:
            assert select.select([self._log], [], [], _PATIENCE)[0], "the simulation is silent"
            self._rest += os.read(self._log, 1 << 16)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


@contextmanager
def driven(bench: Bench, work: Path) -> Iterator[DrivenEngine]:
    """Run a bench in a folder while it is used."""
    for name in _PIPES:
        os.mkfifo(work / name)
    command = {
        "verilator": [str((bench.folder / verilator.PROGRAM).resolve())],
        "icarus": ["vvp", "-n", str((bench.folder / icarus.PROGRAM).resolve())],
    }[bench.simulator]
    # Both ways, so that neither side waits for the other to open it.
    orders, log = (os.open(work / name, os.O_RDWR) for name in _PIPES)
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL)
    engine = DrivenEngine(orders, log, work, bench)
    try:
        yield engine
        os.write(orders, b"q\n")
        process.wait(timeout=_PATIENCE)
    finally:
        process.kill()
        process.wait()
        engine.close()
        os.close(orders)
        os.close(log)
