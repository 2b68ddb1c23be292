"""One parameter of the top module says where all ROM files are.

Amaranth has no parameters of modules, so they are written into the Verilog: into every module with
a ROM in it, at any depth, and from each into the ones it instantiates.
"""

import re

from bittrue.hdl.blocks.platform import library_name

PARAMETER = "ROM_FOLDER"
"""Of the top module: the folder of the ROM files; if empty, they are where the simulator runs."""

_MODULE = re.compile(r"^module (\w+)\((.*?)\);\n(.*?)^endmodule", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^  (\w+) (#\(\n.*?\n  \) )?(\w+) \($", re.MULTILINE | re.DOTALL)


def pass_rom_folder(text: str, design: str) -> str:
    """Give every module of a design that has ROMs in it the parameter `PARAMETER`.

    Parameters
    ----------
    text : str
        Verilog as Yosys writes it, with plain names.
    design : str
        Name of the top module.

    Returns
    -------
    str
        The same circuit, if the parameter is left empty.
    """
    rom = library_name("rom", design)
    inner = {
        match[1]: {instance[1] for instance in _INSTANCE.finditer(match[3])}
        for match in _MODULE.finditer(text)
    }
    holders: set[str] = set()
    while found := {name for name, kinds in inner.items() if kinds & (holders | {rom})} - holders:
        holders |= found

    def instance(match: re.Match[str]) -> str:
        kind, parameters, name = match.groups()
        if kind == rom:
            return f"  {kind} {parameters[:-5]},\n    .FOLDER({PARAMETER})\n  ) {name} ("
        if kind in holders:
            return f"  {kind} #(.{PARAMETER}({PARAMETER})) {name} ("
        return match[0]

    def module(match: re.Match[str]) -> str:
        name, ports, body = match.groups()
        if name not in holders:
            return match[0]
        parameter = f' #(parameter {PARAMETER} = "")'
        return f"module {name}{parameter}({ports});\n{_INSTANCE.sub(instance, body)}endmodule"

    return _MODULE.sub(module, text)
