"""What runs inside the simulator: the C driver of a folder, compiled, against its Verilog.

Its accesses come here by function pointers; `plan.json` says where the library is.
"""

import ctypes
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge, resume
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

from cocotb_tests.building.axi_dma import AxiDma
from cocotb_tests.building.board_start import clock_of, started
from cocotb_tests.building.pynq_shim import Mmio

PLAN = json.loads(Path("plan.json").read_text())
INPUTS, OUTPUTS = PLAN["inputs"], PLAN["outputs"]
"""Streams, with elements and bytes of an image, of each."""

ACCELERATOR, FIRST_DMA, SIZE = 0x43C00000, 0x40400000, 0x10000
OK, BUSY, NOT_FOUND, OTHER_BUILD, TIMEOUT, STREAM_ERROR, BAD_VALUE = 0, 1, -1, -2, -4, -5, -6

_READ = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t)
_WRITE = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_uint32)


class Board:
    """A simulated board, as the driver reaches it: by addresses."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        of_control = (clock_of(dut, "s_axi_aclk"), dut.aresetn, False)
        reset = (clock_of(dut, "axis_aclk"), dut.aresetn, False)
        self.control = Mmio(AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *of_control))
        sources = [
            AxiStreamSource(AxiStreamBus.from_prefix(dut, end["stream"]), *reset) for end in INPUTS
        ]
        sinks = [
            AxiStreamSink(AxiStreamBus.from_prefix(dut, end["stream"]), *reset) for end in OUTPUTS
        ]
        if len(sources) == len(sinks) == 1:
            self.dmas = [AxiDma(dut.aclk, sources[0], sinks[0])]
            self.dma_in = self.dma_out = [FIRST_DMA]
        else:
            self.dmas = [AxiDma(dut.aclk, send=each) for each in sources]
            self.dmas += [AxiDma(dut.aclk, receive=each) for each in sinks]
            places = [FIRST_DMA + SIZE * place for place in range(len(self.dmas))]
            self.dma_in, self.dma_out = places[: len(sources)], places[len(sources) :]
        self.accesses = 0
        self.identification = 0

    def place(self, address: int) -> tuple[Any, int]:
        self.accesses += 1
        if ACCELERATOR <= address < ACCELERATOR + SIZE:
            return self.control, address - ACCELERATOR
        dma, offset = divmod(address - FIRST_DMA, SIZE)
        return self.dmas[dma], offset

    def read(self, address: int) -> int:
        device, offset = self.place(address)
        return device.read(offset)

    def write(self, address: int, value: int) -> None:
        device, offset = self.place(address)
        device.write(offset, value)

    @resume
    async def wait_for_interrupt(self) -> None:
        while not (any(dma.interrupts for dma in self.dmas) or int(self.dut.irq.value)):
            await RisingEdge(self.dut.aclk)


class Driver:
    """The C driver, by its functions."""

    def __init__(self, board: Board) -> None:
        self._library = ctypes.CDLL(PLAN["library"])
        self._top = PLAN["top"]
        # Kept, because the library has only their addresses.
        self._calls = (_READ(board.read), _WRITE(board.write))
        self._library.connect_board(*self._calls)
        self._net = ctypes.create_string_buffer(1024)
        self.board = board

    def call(self, name: str, *arguments: Any) -> int:
        return getattr(self._library, f"{self._top}_{name}")(self._net, *arguments)

    def plain(self, name: str, *arguments: Any) -> int:
        return getattr(self._library, f"{self._top}_{name}")(*arguments)

    def open(self) -> int:
        send, receive = (
            (ctypes.c_size_t * len(places))(*places)
            for places in (self.board.dma_in, self.board.dma_out)
        )
        return self.call("open", ctypes.c_size_t(ACCELERATOR), send, receive)

    def message(self, status: int) -> str:
        function = self._library[f"{self._top}_message"]
        function.restype = ctypes.c_char_p
        return function(status).decode()


def pointer(array: Any) -> Any:
    return ctypes.c_void_p(array.ctypes.data)


def pointers(arrays: Any) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def arrays(name: str) -> dict[str, Any]:
    with np.load(name) as stored:
        return dict(stored)


def polled(driver: Driver, sent: Any, received: Any) -> int:
    return driver.call("run", sent, received, 10_000)


def interrupted(driver: Driver, sent: Any, received: Any) -> int:
    status = driver.call("start", sent, received)
    while status == BUSY:
        driver.board.wait_for_interrupt()
        status = driver.call("interrupt")
    return status


def compare(driver: Driver, way: Callable[[Driver, Any, Any], int]) -> None:
    """Send every image, and compare codes and real values."""
    images, expected, real = (arrays(f"{name}.npz") for name in ("images", "expected", "real"))
    sent = [np.empty(end["bytes"], np.uint8) for end in INPUTS]
    received = [np.empty(end["bytes"], np.uint8) for end in OUTPUTS]
    count = len(next(iter(images.values())))
    compared = 0
    for image in range(count):
        for place, end in enumerate(INPUTS):
            values = np.ascontiguousarray(images[end["tensor"]][image])
            if values.dtype.kind == "f":
                values, name = values.astype(np.float32), "pack"
            else:
                values, name = values.astype(np.int64), "pack_codes"
            assert driver.plain(name, place, pointer(values), pointer(sent[place])) == OK
        assert way(driver, pointers(sent), pointers(received)) == OK
        for place, end in enumerate(OUTPUTS):
            codes = np.empty(end["elements"], np.int64)
            driver.plain("unpack_codes", place, pointer(received[place]), pointer(codes))
            np.testing.assert_array_equal(codes, expected[end["tensor"]][image].ravel())
            values = np.empty(end["elements"], np.float32)
            driver.plain("unpack", place, pointer(received[place]), pointer(values))
            wanted = real[end["tensor"]][image].ravel().astype(np.float32)
            np.testing.assert_array_equal(values, wanted)
            compared += codes.size
    accesses = driver.board.accesses
    print(f"driver: {count} images, {compared} outputs equal, {accesses} accesses")


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def polls(dut: Any) -> None:
    board = await started(dut, lambda: Board(dut))

    def use() -> None:
        driver = Driver(board)
        assert driver.open() == OK
        compare(driver, polled)
        driver.call("close")
        assert board.control.read(PLAN["control"]) == 0

    await bridge(use)()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def waits_for_interrupts(dut: Any) -> None:
    board = await started(dut, lambda: Board(dut))

    def use() -> None:
        driver = Driver(board)
        assert driver.open() == OK
        compare(driver, interrupted)

    await bridge(use)()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def refuses_what_is_wrong(dut: Any) -> None:
    board = await started(dut, lambda: Board(dut))

    def use() -> None:
        driver = Driver(board)
        right = board.control.read
        for offset, status, word in (
            (PLAN["identification"], NOT_FOUND, "bitstream"),
            (PLAN["build"], OTHER_BUILD, "another build"),
        ):
            board.control.read = lambda at, other=offset: right(at) ^ (at == other)  # type: ignore
            assert driver.open() == status
            assert word in driver.message(status)
            assert "\n" not in driver.message(status)
        board.control.read = right  # type: ignore
        assert driver.open() == OK
        end = INPUTS[0]
        codes = np.full(end["elements"], 1 << 20, np.int64)
        packed = [np.empty(each["bytes"], np.uint8) for each in INPUTS]
        received = [np.empty(each["bytes"], np.uint8) for each in OUTPUTS]
        assert driver.plain("pack_codes", 0, pointer(codes), pointer(packed[0])) == BAD_VALUE
        values = np.full(end["elements"], np.nan, np.float32)
        assert driver.plain("pack", 0, pointer(values), pointer(packed[0])) == BAD_VALUE
        # No image comes while the accelerator is disabled.
        driver.call("close")
        assert driver.call("run", pointers(packed), pointers(received), 3) == TIMEOUT

    await bridge(use)()
