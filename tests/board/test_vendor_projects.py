"""Project scripts of other tools, run by tclsh with procedures that write what they are told."""

import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

import bittrue
from bittrue.flows.building.packages.vendor_projects import TOOLS
from bittrue.flows.planning.devices import BUDGETS
from cocotb_tests.building.networks import two_ends

STUB = Path(__file__).parent / "vendor_stub.tcl"
ORDERING_CODES = {"quartus": "5CSEMA5F31C6", "radiant": "LIFCL-40-8BG400C", "gowin": "GW2A-LV18"}
TOP = "accelerator_net"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder for each tool."""
    place = tmp_path_factory.mktemp("vendors")
    made = {}
    for family, tool in TOOLS.items():
        device = max(
            (name for name, each in BUDGETS.items() if each.fabric.family == family),
            key=lambda name: BUDGETS[name].luts,
        )
        made[tool] = place / family
        bittrue.build(bittrue.plan(two_ends(), device, 400), place / family, "net")
    return made


def play(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["tclsh", str(STUB), str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", ORDERING_CODES)
def test_the_project_has_the_design_its_memories_and_the_device(
    tool: str, folders: dict[str, Path]
) -> None:
    folder = folders[tool]
    played = play(folder / tool / "project.tcl", ORDERING_CODES[tool])
    assert played.returncode == 0, played.stderr
    for word in (ORDERING_CODES[tool], f"../verilog/{TOP}.v", "../synthesis/wrapper.v", "wrapper"):
        assert word in played.stdout
    assert "clock.sdc" in played.stdout
    roms = {path.name for path in (folder / "verilog").glob("*.hex")}
    assert roms
    assert roms <= {path.name for path in (folder / tool).rglob("*.hex")}


@pytest.mark.parametrize("tool", ORDERING_CODES)
def test_a_device_that_is_missing_is_said_in_one_line(tool: str, folders: dict[str, Path]) -> None:
    played = play(folders[tool] / tool / "project.tcl")
    assert played.returncode == 2
    assert played.stdout.replace("package ", "").count("project") <= 1
    assert played.stderr.count("\n") == 1
    assert "the device is missing" in played.stderr


def test_platform_designer_gets_every_port_once(folders: dict[str, Path]) -> None:
    folder = folders["quartus"]
    played = play(folder / "quartus" / f"{TOP}_hw.tcl")
    assert played.returncode == 0, played.stderr
    lines = [line.split() for line in played.stdout.splitlines()]
    interfaces = {line[1] for line in lines if line[0] == "add_interface"}
    ports = [line[1:] for line in lines if line[0] == "add_interface_port"]
    assert {bus for bus, *_ in ports} == interfaces
    text = (folder / "verilog" / f"{TOP}.v").read_text().partition(f"\nmodule {TOP} ")[2]
    header = text.partition(") (\n")[2].partition(");")[0]
    declared = [line.split() for line in header.strip().splitlines()]
    assert len(declared) > 30
    expected = Counter((line[-1].rstrip(","), line[0].title()) for line in declared)
    assert Counter((port, way) for _, port, _, way, _ in ports) == expected


def test_efinity_gets_files_that_are_there(folders: dict[str, Path]) -> None:
    place = folders["efinity"] / "efinity"
    root = ElementTree.parse(place / f"{TOP}.xml").getroot()
    space = "{http://www.efinixinc.com/enf_proj}"
    names = [each.attrib["name"] for each in root.iter(f"{space}design_file")]
    names += [each.attrib["name"] for each in root.iter(f"{space}sdc_file")]
    assert len(names) > 3
    assert all((place / name).is_file() for name in names)
