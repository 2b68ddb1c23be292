"""A SoC of LiteX with accelerators, as Verilog: the script that a user writes.

``litex_soc.py OUTPUT MODULE...``: modules are those in the folders of builds.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from litex.build.generic_platform import GenericPlatform, Pins
from litex.gen import LiteXModule
from litex.soc.integration.common import get_mem_data
from litex.soc.integration.export import (
    get_csr_header,
    get_linker_regions,
    get_mem_header,
    get_soc_header,
)
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect.csr import CSRStorage
from migen import ClockDomain, Display, Finish, If

MEMORY = 0x10000
_IO = [("clk", 0, Pins("X")), ("rst", 0, Pins("X"))]


class Printer(LiteXModule):
    """Prints what firmware writes, and ends the simulation."""

    def __init__(self) -> None:
        self.word = CSRStorage(32)
        self.end = CSRStorage(1)
        self.sync += [
            If(self.word.re, Display("said %0d", self.word.storage)),
            If(self.end.re, Finish()),
        ]


class Clocks(LiteXModule):
    def __init__(self, platform: Any) -> None:
        self.cd_sys = ClockDomain()
        self.comb += self.cd_sys.clk.eq(platform.request("clk"))
        self.comb += self.cd_sys.rst.eq(platform.request("rst"))


class Soc(SoCCore):
    """A VexRiscv with caches, memory, and the accelerators."""

    def __init__(self, platform: Any, modules: list[Any], firmware: list[int]) -> None:
        self.crg = Clocks(platform)
        super().__init__(
            platform,
            clk_freq=int(1e6),
            cpu_type="vexriscv",
            integrated_rom_size=MEMORY,
            integrated_rom_init=firmware,
            integrated_sram_size=MEMORY,
            with_uart=False,
            with_timer=False,
        )
        self.printer = Printer()
        for module in modules:
            module.add_accelerator(self)


class Platform(GenericPlatform):
    """No board: a file of Verilog."""

    name = "simulated"

    def __init__(self) -> None:
        super().__init__("", _IO, name="simulated")


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(output: Path, modules: list[Path]) -> None:
    """Write ``soc.v``, its memories, and the headers that firmware includes."""
    firmware = output / "firmware.bin"
    words = []
    if firmware.exists():
        words = get_mem_data(str(firmware), data_width=32, endianness="little")
    platform = Platform()
    soc = Soc(platform, [load(path) for path in modules], words)
    soc.finalize()
    generated = output / "generated"
    generated.mkdir(exist_ok=True)
    for name, text in {
        "csr.h": get_csr_header(soc.csr_regions, soc.constants, soc.mem_regions["csr"].origin),
        "mem.h": get_mem_header(soc.mem_regions),
        "soc.h": get_soc_header(soc.constants),
        "regions.ld": get_linker_regions(soc.mem_regions),
    }.items():
        (generated / name).write_text(text)
    made = platform.get_verilog(soc, name="soc")
    made.write(str(output / "soc.v"))
    sources = [source[0] for source in platform.sources]
    (output / "sources.json").write_text(json.dumps([str(source) for source in sources]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), list(map(Path, sys.argv[2:])))
