"""What runs inside the simulator: the Python driver of a folder on PYNQ as cocotbpynq has it.

``plan.json`` says where the driver is and where its registers are mapped.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import cocotbpynq as pynq
import numpy as np

PLAN = json.loads(Path("plan.json").read_text())


class Counted:
    """Registers of PYNQ, with their accesses counted."""

    def __init__(self, mmio: Any) -> None:
        self._mmio = mmio
        self.accesses = 0

    def read(self, offset: int) -> int:
        self.accesses += 1
        return int(self._mmio.read(offset))

    def write(self, offset: int, value: int) -> None:
        self.accesses += 1
        self._mmio.write(offset, value)


def predicts_what_golden_computes(dut: Any) -> None:
    spec = importlib.util.spec_from_file_location("driver", PLAN["driver"])
    assert spec is not None
    assert spec.loader is not None
    driver: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    overlay = pynq.Overlay("design.bit")
    control = Counted(pynq.MMIO(PLAN["base"], PLAN["range"]))
    (given,), (made,) = driver.DESIGN["inputs"], driver.DESIGN["outputs"]
    net = driver.Network(
        control,
        {given["stream"]: overlay.dma.sendchannel},
        {made["stream"]: overlay.dma.recvchannel},
        pynq.allocate,
    )
    for name in net.registers:
        assert net.registers[name] >= 0
    for enabled in (1, 0):
        net.registers["interrupt_enable.error"] = enabled
        assert net.registers["interrupt_enable.error"] == enabled
    images, expected = np.load("images.npy"), np.load("expected.npy")
    codes = net.predict_codes(images)
    wrong = int((codes != expected).any(axis=tuple(range(1, codes.ndim))).sum())
    assert net.counters()["images_out"] == len(images)
    print(f"pynq: {len(images)} images, {wrong} wrong, {control.accesses} accesses")
    assert not wrong


main = pynq.synctest(predicts_what_golden_computes)
