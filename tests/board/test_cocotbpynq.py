"""The Python driver on the package cocotbpynq, which has the interface of PYNQ in a simulation.

Its DMA moves words of 32 bits alone, so the network has streams of that width; and it resets what
has a clock called ``clk``, so a module around the accelerator has that name for it. It also delays
what enters, because the package changes signals in the very moment of a clock's edge.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import bittrue
from bittrue.flows.building.output_folder import MANIFEST
from bittrue.flows.simulation.simulators import icarus
from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.golden.graph import Graph, Window
from bittrue.golden.graph.convolution import Convolution
from cocotb_tests.network.builder import INT8, Builder

TOP = "accelerator_net"
AROUND = "board"
CLOCK = {"aclk": "clk"}
BASE, RANGE = 0x43C00000, 0x10000
IMAGES = 6


def four_lanes() -> Graph:
    b = Builder((4, 4, 4))
    y = b.matrix(Convolution, "x", (4, 1, 1, 4), INT8, INT8, window=Window((1, 1)))
    return b.graph(y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pynq") / "net"
    bittrue.build(bittrue.plan(four_lanes(), "zynq7020", 16), place, "net")
    return place


def hardware_handoff(component: Path) -> ElementTree.Element:
    """Return what Vivado would hand over of a block design, with the ports of component.xml."""
    system = ElementTree.Element("EDKSYSTEM")
    modules = ElementTree.SubElement(system, "MODULES")
    accelerator = ElementTree.SubElement(
        modules,
        "MODULE",
        INSTANCE="accelerator",
        FULLNAME="/accelerator",
        MODTYPE=AROUND,
        VLNV=f"bittrue:accelerator:{TOP}:1",
    )
    ports = ElementTree.SubElement(accelerator, "PORTS")
    ElementTree.SubElement(ports, "PORT", NAME="clk", SIGIS="clk")
    ElementTree.SubElement(ports, "PORT", NAME="aresetn", SIGIS="rst", POLARITY="ACTIVE_LOW")
    buses = ElementTree.SubElement(accelerator, "BUSINTERFACES")
    dma = ElementTree.SubElement(
        modules,
        "MODULE",
        INSTANCE="dma",
        FULLNAME="/dma",
        MODTYPE="axi_dma",
        VLNV="xilinx.com:ip:axi_dma:7.1",
    )
    channels = ElementTree.SubElement(dma, "BUSINTERFACES")
    streams = 0
    for bus in ElementTree.parse(component).getroot().findall(".//{*}busInterface"):
        name = bus.findtext("{*}name") or ""
        maps = {
            entry.findtext("{*}logicalPort/{*}name") or "": entry.findtext(
                "{*}physicalPort/{*}name"
            )
            for entry in bus.findall(".//{*}portMap")
        }
        interface = ElementTree.SubElement(buses, "BUSINTERFACE", NAME=name, BUSNAME=f"bus_{name}")
        entries = ElementTree.SubElement(interface, "PORTMAPS")
        for logical, physical in maps.items():
            ElementTree.SubElement(
                entries, "PORTMAP", LOGICAL=logical, PHYSICAL=named(physical or "")
            )
        if "TVALID" in maps:
            streams += 1
            kind = "TARGET" if bus.find("{*}master") is not None else "INITIATOR"
            ElementTree.SubElement(
                channels,
                "BUSINTERFACE",
                BUSNAME=f"bus_{name}",
                TYPE=kind,
                VLNV="xilinx.com:interface:axis:1.0",
            )
    assert streams == 2
    processor = ElementTree.SubElement(
        modules, "MODULE", INSTANCE="processor", MODTYPE="processing_system7"
    )
    memory = ElementTree.SubElement(processor, "MEMORYMAP")
    for instance, base in (("accelerator", BASE), ("dma", 0x40400000)):
        ElementTree.SubElement(
            memory,
            "MEMRANGE",
            INSTANCE=instance,
            BASEVALUE=hex(base),
            HIGHVALUE=hex(base + RANGE),
            SLAVEBUSINTERFACE="s_axi",
        )
    return system


def named(port: str) -> str:
    """Return what a port of the accelerator is called by the module around it."""
    return CLOCK.get(port, port)


def around(ports: list[dict[str, Any]]) -> str:
    """Return a module around the accelerator, whose inputs come a little after the clock's edge."""
    head, late, inside = [], [], []
    for port in ports:
        bits = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
        name = named(port["name"])
        head.append(f"    {port['direction']} wire {bits}{name}")
        delayed = port["direction"] == "input" and port["name"] not in CLOCK
        if delayed:
            late.append(f"    wire {bits}late_{name};\n    assign #0.1 late_{name} = {name};\n")
        inside.append(f"        .{port['name']}({'late_' if delayed else ''}{name})")
    return (
        f"module {AROUND} (\n{_listed(head)}\n);\n{''.join(late)}"
        f"    {TOP} accelerator (\n{_listed(inside)}\n    );\nendmodule\n"
    )


def _listed(lines: list[str]) -> str:
    return ",\n".join(lines)


def use(
    folder: Path, driver: str, builds: Path, work: Path, environment: pytest.MonkeyPatch
) -> str:
    """Return what the driver printed."""
    graph = four_lanes()
    images = np.random.default_rng(3).integers(-128, 128, (IMAGES, 4, 4, 4))
    np.save(work / "images.npy", images)
    expected = bittrue.predict(graph, images)
    np.save(
        work / "expected.npy",
        expected if isinstance(expected, np.ndarray) else next(iter(expected.values())),
    )
    (work / "driver.py").write_text(driver)
    plan = {"driver": str(work / "driver.py"), "base": BASE, "range": RANGE}
    (work / "plan.json").write_text(json.dumps(plan))
    ElementTree.ElementTree(hardware_handoff(folder / "component.xml")).write(work / "design.hwh")
    for rom in (folder / "verilog").glob("*.hex"):
        shutil.copy(rom, work)
    timed = work / f"{TOP}.v"
    manifest = json.loads((folder / MANIFEST).read_text())
    text = (folder / "verilog" / f"{TOP}.v").read_text() + around(manifest["ports"])
    timed.write_text("`timescale 1ns/1ps\n" + text)
    environment.setenv("HWH_LOCATION_DIR", str(work))
    build = icarus.build("driver", [timed], AROUND, builds)
    run("icarus", build, AROUND, "tests.board.cocotbpynq_bench", work, timeout=60)
    return (work / "log.txt").read_text()


def test_the_driver_predicts_on_it_what_golden_computes(
    folder: Path, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = (folder / "drivers" / f"{TOP}.py").read_text()
    said = use(folder, driver, builds, tmp_path, monkeypatch)
    assert re.search(rf"pynq: {IMAGES} images, 0 wrong, \d+ accesses", said)


def test_a_fault_of_the_driver_is_noticed(
    folder: Path, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    driver = (folder / "drivers" / f"{TOP}.py").read_text()
    right = "raw[place][image] = buffers[image % 2]"
    assert right in driver
    wrong = driver.replace(right, "raw[place][image] = buffers[0]")
    with pytest.raises(SimulationError, match="1 of 1 tests failed"):
        use(folder, wrong, builds, tmp_path, monkeypatch)
    said = (tmp_path / "log.txt").read_text()
    assert re.search(rf"pynq: {IMAGES} images, [1-9] wrong", said)
