"""What runs inside the simulator: the Python driver of a folder against its Verilog.

``plan.json`` in the working directory says which; ``images.npz`` has images and ``expected.npz``
what golden makes of them.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.task import bridge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

from cocotb_tests.building.board_start import clock_of, started
from cocotb_tests.building.pynq_shim import Mmio, ReceiveChannel, SendChannel, allocate

PLAN = json.loads(Path("plan.json").read_text())


def load_driver() -> Any:
    """Import the driver as a user does who has the one file."""
    spec = importlib.util.spec_from_file_location("driver", PLAN["driver"])
    assert spec is not None
    assert spec.loader is not None
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    return driver


class Board:
    """A simulated board: the accelerator's design behind models of AXI managers."""

    def __init__(self, dut: Any, design: dict[str, Any]) -> None:
        of_control = (clock_of(dut, "s_axi_aclk"), dut.aresetn, False)
        reset = (clock_of(dut, "axis_aclk"), dut.aresetn, False)
        self.control = Mmio(AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *of_control))
        self.send = {
            end["stream"]: SendChannel(
                AxiStreamSource(AxiStreamBus.from_prefix(dut, end["stream"]), *reset)
            )
            for end in design["inputs"]
        }
        self.receive = {
            end["stream"]: ReceiveChannel(
                AxiStreamSink(AxiStreamBus.from_prefix(dut, end["stream"]), *reset)
            )
            for end in design["outputs"]
        }


def arrays(name: str) -> dict[str, Any]:
    with np.load(name) as stored:
        return dict(stored)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def predicts_what_golden_computes(dut: Any) -> None:
    driver = load_driver()
    board = await started(dut, lambda: Board(dut, driver.DESIGN))

    def use() -> None:
        net = driver.Network(board.control, board.send, board.receive, allocate)
        images, expected = arrays("images.npz"), arrays("expected.npz")
        alone = len(images) == 1
        codes = net.predict_codes(next(iter(images.values())) if alone else images)
        codes = codes if isinstance(codes, dict) else {next(iter(expected)): codes}
        assert set(codes) == set(expected)
        compared = 0
        for name, wanted in expected.items():
            np.testing.assert_array_equal(codes[name], wanted)
            compared += wanted.size
        count = len(next(iter(images.values())))
        counters = net.counters()
        assert counters["images_in"] == counters["images_out"] == count
        assert counters["cycles"] > counters["first_image_cycles"] > 0
        # Again, with real values at the output, and from the beginning where there are states.
        net.reset()
        real = net.predict(next(iter(images.values())) if alone else images)
        real = real if isinstance(real, dict) else {next(iter(expected)): real}
        for name, values in real.items():
            np.testing.assert_array_equal(values, arrays("real.npz")[name])
        print(f"driver: {2 * count} images, {2 * compared} outputs equal")
        buffers = [buffer for each in net._inputs + net._outputs for buffer in each]
        net.close()
        assert all(buffer.freed for buffer in buffers)
        assert net.registers["control"] == 0

    await bridge(use)()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def refuses_another_bitstream(dut: Any) -> None:
    driver = load_driver()
    board = await started(dut, lambda: Board(dut, driver.DESIGN))

    def use() -> None:
        for key in ("build", "identification"):
            right = driver.DESIGN[key]
            driver.DESIGN[key] = right ^ 1
            with pytest.raises(driver.AcceleratorError, match=f"^[^\n]*{right:08x}[^\n]*$"):
                driver.Network(board.control, board.send, board.receive, allocate)
            driver.DESIGN[key] = right

    await bridge(use)()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reads_and_writes_registers_and_fields(dut: Any) -> None:
    driver = load_driver()
    board = await started(dut, lambda: Board(dut, driver.DESIGN))

    def use() -> None:
        registers = driver.Registers(board.control, driver.DESIGN["registers"])
        assert {registers[name] for name in registers}
        registers["interrupt_enable.error"] = 1
        assert registers["interrupt_enable"] == 2
        registers["interrupt_enable.image"] = 1
        assert registers["interrupt_enable"] == 3
        registers["interrupt_enable.error"] = 0
        assert registers["interrupt_enable"] == 1
        registers["control.enable"] = 1
        registers["control.clear"] = 1  # And keeps it enabled.
        assert registers["control"] == 1
        assert registers["status.idle"] == 1
        for wrong in ("stat", "status.ready"):
            with pytest.raises(driver.AcceleratorError, match=r"there is no|has no field"):
                registers[wrong]
        with pytest.raises(driver.AcceleratorError, match="only read"):
            registers["status"] = 1

    await bridge(use)()
