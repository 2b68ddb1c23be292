"""The register map in SystemRDL: compiled, against other descriptions, and against the circuit."""

import re
from pathlib import Path
from typing import Any

import pytest
from peakrdl_ipxact import IPXACTImporter
from peakrdl_python.exporter import PythonExporter
from systemrdl.compiler import RDLCompiler
from systemrdl.node import FieldNode, RegNode, RootNode

from bittrue.flows.simulation.simulators.run import SimulationError
from cocotb_tests.building.simulated_folder import TOP, Built, simulate

BENCH = "tests.board.register_bench"


def rdl_of(network: Built) -> Path:
    return network.folder / "registers" / f"{TOP}.rdl"


def compiled(path: Path) -> RootNode:
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate()


def registers_of(root: RootNode) -> list[RegNode]:
    return [node for node in root.top.descendants() if isinstance(node, RegNode)]


def described(root: RootNode) -> list[tuple[Any, ...]]:
    """Return registers with their fields, as a compiler of SystemRDL understands them."""
    return [
        (node.inst_name, node.absolute_address - root.top.absolute_address, *_fields(node))
        for node in registers_of(root)
    ]


def _fields(register: RegNode) -> list[tuple[Any, ...]]:
    return [
        (
            each.inst_name,
            each.low,
            each.width,
            each.get_property("sw").name,
            each.get_property("reset"),
        )
        for each in register.fields()
    ]


def test_the_rdl_has_the_registers_of_the_manifest(several: Built) -> None:
    access = {"read-only": "r", "read-write": "rw", "write-only": "w"}
    found = {
        name: (address, fields) for name, address, *fields in described(compiled(rdl_of(several)))
    }
    assert list(found) == [register["name"] for register in several.manifest["registers"]]
    for register in several.manifest["registers"]:
        address, fields = found[register["name"]]
        assert address == register["address"]
        if register["fields"]:
            assert [each[:4] for each in fields] == [
                (each["name"], each["bit"], each["width"], access[each["access"].partition(";")[0]])
                for each in register["fields"]
            ]
        else:
            assert [each[:4] for each in fields] == [("value", 0, 32, "r")]


def test_the_memory_map_of_component_xml_is_that_of_the_rdl(several: Built) -> None:
    """By PeakRDL's importer of IP-XACT, which nobody here wrote."""
    compiler = RDLCompiler()
    IPXACTImporter(compiler).import_file(str(several.folder / "component.xml"))
    assert described(compiler.elaborate()) == described(compiled(rdl_of(several)))


def drive(network: Built, rdl: Path, builds: Path, work: Path) -> str:
    """Read and write every register by what PeakRDL makes of an RDL file."""
    root = compiled(rdl)
    PythonExporter().export(
        root.top, str(work / "packages"), asyncoutput=True, skip_test_case_generation=True
    )
    resets: dict[str, int] = {}
    read_only: list[str] = []
    holding: list[tuple[str, str]] = []
    others: dict[str, int] = {}
    for register in registers_of(root):
        name = register.inst_name
        resets[name] = sum(
            int(str(each.get_property("reset"))) << each.low
            for each in register.fields()
            if each.is_sw_readable
        )
        if not register.has_sw_writable:
            read_only.append(name)
            continue
        plain = [each for each in register.fields() if _holds(each)]
        holding += [(name, each.inst_name) for each in plain]
        rest = [each for each in register.fields() if each not in plain]
        if rest:
            others[name] = sum(((1 << each.width) - 1) << each.low for each in rest)
    plan = {
        "top": TOP,
        "packages": str(work / "packages"),
        "resets": resets,
        "read_only": read_only,
        "holding": holding,
        "others": others,
    }
    return simulate(network, BENCH, plan, {}, "icarus", builds, work)


def _holds(field: FieldNode) -> bool:
    return field.is_sw_readable and field.is_sw_writable and not field.get_property("onwrite")


def test_the_circuit_has_the_registers_of_the_rdl(
    several: Built, builds: Path, tmp_path: Path
) -> None:
    said = drive(several, rdl_of(several), builds, tmp_path)
    count = len(several.manifest["registers"])
    assert re.search(rf"registers: {count}, \d+ accesses, none wrong", said)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("@ 0x008;", "@ 0x080;"),
        ("sw = r; hw = w; } \\busy[0:0]", "sw = r; hw = w; } \\busy[3:3]"),
        ("\\idle[1:1] = 1'h1", "\\idle[1:1] = 1'h0"),
        ("sw = rw; hw = r; } \\error[1:1]", "sw = rw; hw = r; } \\error[2:2]"),
    ],
)
def test_a_wrong_rdl_is_noticed(
    several: Built, right: str, wrong: str, builds: Path, tmp_path: Path
) -> None:
    text = rdl_of(several).read_text()
    assert right in text
    changed = tmp_path / "changed.rdl"
    changed.write_text(text.replace(right, wrong))
    if "busy" in right:
        # Nothing reads as 1 there, so only the other descriptions tell.
        assert described(compiled(changed)) != described(compiled(rdl_of(several)))
        return
    with pytest.raises(SimulationError, match="1 of 1 tests failed"):
        drive(several, changed, builds, tmp_path)
