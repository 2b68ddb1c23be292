"""Circuits whose ports cocotb drives itself, with models of buses for instance."""

from collections.abc import Iterable
from pathlib import Path

from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.hdl.printer.verilog_output import Design


def build_with_public_ports(
    design: Design, ports: Iterable[str], simulator: str, builds: Path
) -> Path:
    """Build a design whose ports, clock and reset among them, can be read and written."""
    top = design.top
    rules = [f'public_flat_rw -module "{top}" -var "{port}"' for port in ports]
    texts = {
        f"{top}.v": "`timescale 1ns/1ps\n" + design.verilog,
        f"{top}.vlt": "\n".join(["`verilator_config", *rules, ""]),
    }

    def write(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text)

    sources = build_once(builds / f"{top}-{digest(texts.values())}", write)
    if simulator == "icarus":
        return icarus.build(top, [sources / f"{top}.v"], top, builds)
    return verilator.build(
        top,
        [sources / f"{top}.vlt", sources / f"{top}.v"],
        top,
        builds,
        optimisation="-O0",
        main=verilator.COCOTB_MAIN,
    )
