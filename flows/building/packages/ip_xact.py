"""``component.xml``: the accelerator in IP-XACT (IEEE 1685-2009), as Vivado reads it."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.packages.buses import Bus, buses, clocked
from bittrue.hdl.shell.register_map import ADDRESS_WIDTH, WORD_BYTES, Access, Field, Register

_SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
_XILINX = "http://www.xilinx.com"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_FAMILIES = (
    "zynq",
    "artix7",
    "kintex7",
    "spartan7",
    "virtex7",
    "zynquplus",
    "kintexu",
    "kintexuplus",
)

_INTERFACE = {"aximm": "aximm", "axis": "axis"}
_SIGNAL = {"clock": "clock", "reset": "reset", "interrupt": "interrupt"}
_ACCESS = {
    Access.CONSTANT: "read-only",
    Access.READ: "read-only",
    Access.WRITE: "read-write",
    Access.PULSE: "write-only",
    Access.CLEAR: "read-write",
}

VENDOR, LIBRARY, VERSION = "bittrue", "accelerator", "1.0"


class _Tree:
    """Elements of the namespace, made as they are nested."""

    def __init__(self, parent: ElementTree.Element) -> None:
        self.parent = parent

    def add(self, tag: str, text: object = None, **attributes: str) -> "_Tree":
        element = ElementTree.SubElement(
            self.parent,
            f"{{{_SPIRIT}}}{tag}",
            {f"{{{_SPIRIT}}}{name}": value for name, value in attributes.items()},
        )
        element.text = None if text is None else str(text)
        return _Tree(element)


def component_xml(accelerator: Accelerator, roms: Sequence[str]) -> str:
    """Return the description of a design with the AXI shell.

    Parameters
    ----------
    accelerator : Accelerator
    roms : sequence of str
        Names of the design's ROM files.
    """
    ElementTree.register_namespace("spirit", _SPIRIT)
    ElementTree.register_namespace("xilinx", _XILINX)
    root = ElementTree.Element(f"{{{_SPIRIT}}}component")
    root.set(f"{{{_XSI}}}schemaLocation", f"{_SPIRIT} {_SPIRIT}/index.xsd")
    tree = _Tree(root)
    for tag, text in zip(
        ("vendor", "library", "name", "version"),
        (VENDOR, LIBRARY, accelerator.top, VERSION),
        strict=True,
    ):
        tree.add(tag, text)
    interfaces = tree.add("busInterfaces")
    driven = clocked(accelerator)
    for bus in buses(accelerator):
        _add_bus(interfaces, bus, driven)
    _add_registers(tree.add("memoryMaps").add("memoryMap"), accelerator.registers)
    _add_model(tree.add("model"), accelerator)
    _add_files(tree.add("fileSets"), accelerator.top, roms)
    tree.add("description", f"The network {accelerator.name} as an accelerator, by bittrue")
    parameters = tree.add("parameters").add("parameter")
    parameters.add("name", "Component_Name")
    name = {"resolve": "user", "id": "PARAM_VALUE.Component_Name"}
    parameters.add("value", f"{accelerator.top}_v1_0", **name)
    _add_vendor_extensions(tree, accelerator)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_bus(tree: _Tree, bus: Bus, driven: Mapping[str, Sequence[str]]) -> None:
    interface = tree.add("busInterface")
    interface.add("name", bus.name)
    if bus.kind in _INTERFACE:
        place, name = "interface", _INTERFACE[bus.kind]
    else:
        place, name = "signal", _SIGNAL[bus.kind]
    library = {"vendor": "xilinx.com", "library": place, "version": "1.0"}
    interface.add("busType", **library, name=name)
    interface.add("abstractionType", **library, name=f"{name}_rtl")
    mode = interface.add("slave" if bus.subordinate else "master")
    if bus.kind == "aximm":
        mode.add("memoryMapRef", memoryMapRef=bus.name)
    maps = interface.add("portMaps")
    for logical, physical in bus.ports.items():
        each = maps.add("portMap")
        each.add("logicalPort").add("name", logical)
        each.add("physicalPort").add("name", physical)
    parameters = {
        "aximm": {"PROTOCOL": "AXI4LITE"},
        "axis": {"HAS_TLAST": "1", "HAS_TKEEP": "0", "HAS_TSTRB": "0"},
        "clock": {
            "ASSOCIATED_BUSIF": ":".join(driven.get(bus.name, ())),
            "ASSOCIATED_RESET": "aresetn",
        },
        "reset": {"POLARITY": "ACTIVE_LOW"},
        "interrupt": {"SENSITIVITY": "LEVEL_HIGH"},
    }[bus.kind]
    group = interface.add("parameters")
    for parameter, value in parameters.items():
        each = group.add("parameter")
        each.add("name", parameter)
        each.add("value", value, id=f"BUSIFPARAM_VALUE.{bus.name.upper()}.{parameter}")


def _add_registers(tree: _Tree, table: Sequence[Register]) -> None:
    tree.add("name", "s_axi")
    block = tree.add("addressBlock")
    block.add("name", "reg0")
    block.add("baseAddress", 0)
    block.add("range", 1 << ADDRESS_WIDTH)
    block.add("width", 8 * WORD_BYTES)
    block.add("usage", "register")
    for register in table:
        each = block.add("register")
        each.add("name", register.name)
        each.add("description", register.description)
        each.add("addressOffset", f"0x{register.address:03X}")
        each.add("size", 8 * WORD_BYTES)
        if not register.writable and register.constant is None:
            each.add("volatile", "true")
        each.add("access", "read-write" if register.writable else "read-only")
        each.add("reset").add("value", f"0x{_reset(register):08X}")
        for field in register.parts:
            _add_field(each, field)


def _add_field(tree: _Tree, field: Field) -> None:
    each = tree.add("field")
    each.add("name", field.name)
    each.add("description", field.description)
    each.add("bitOffset", field.bit)
    each.add("bitWidth", field.width)
    each.add("access", _ACCESS[field.access])
    if field.access is Access.CLEAR:
        each.add("modifiedWriteValue", "oneToClear")


def _reset(register: Register) -> int:
    return sum(field.reset << field.bit for field in register.parts)


def _add_model(tree: _Tree, accelerator: Accelerator) -> None:
    views = tree.add("views")
    for view, files in (("synthesis", "synthesis"), ("simulation", "simulation")):
        each = views.add("view")
        each.add("name", f"xilinx_anylanguage{view}")
        each.add("envIdentifier", f":vivado.xilinx.com:{view}")
        each.add("language", "verilog")
        each.add("modelName", accelerator.top)
        each.add("fileSetRef").add("localName", f"{files}_files")
    ports = tree.add("ports")
    for name, direction, width in accelerator.ports:
        each = ports.add("port")
        each.add("name", name)
        wire = each.add("wire")
        wire.add("direction", "in" if direction == "input" else "out")
        if width > 1 or name.endswith("_tdata"):
            vector = wire.add("vector")
            vector.add("left", width - 1)
            vector.add("right", 0)
        types = wire.add("wireTypeDefs").add("wireTypeDef")
        types.add("typeName", "wire")
        for view in ("synthesis", "simulation"):
            types.add("viewNameRef", f"xilinx_anylanguage{view}")


def _add_files(tree: _Tree, top: str, roms: Sequence[str]) -> None:
    for view in ("synthesis", "simulation"):
        group = tree.add("fileSet")
        group.add("name", f"{view}_files")
        for rom in roms:
            each = group.add("file")
            each.add("name", f"verilog/{rom}")
            each.add("userFileType", "mem")
        each = group.add("file")
        each.add("name", f"verilog/{top}.v")
        each.add("fileType", "verilogSource")


def _add_vendor_extensions(tree: _Tree, accelerator: Accelerator) -> None:
    core = ElementTree.SubElement(
        tree.add("vendorExtensions").parent, f"{{{_XILINX}}}coreExtensions"
    )
    families = ElementTree.SubElement(core, f"{{{_XILINX}}}supportedFamilies")
    for family in _FAMILIES:
        each = ElementTree.SubElement(families, f"{{{_XILINX}}}family")
        each.set(f"{{{_XILINX}}}lifeCycle", "Production")
        each.text = family
    for tag, text in (
        ("displayName", accelerator.top),
        ("vendorDisplayName", "bittrue"),
        ("coreRevision", "1"),
    ):
        ElementTree.SubElement(core, f"{{{_XILINX}}}{tag}").text = text
