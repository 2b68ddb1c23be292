"""A register map in SystemRDL 2.0, the standard's language for registers."""

from collections.abc import Sequence

from bittrue.hdl.shell.register_map import ADDRESS_WIDTH, WORD_BYTES, Access, Field, Register

_PROPERTIES = {
    Access.CONSTANT: "sw = r; hw = na;",
    Access.READ: "sw = r; hw = w;",
    Access.WRITE: "sw = rw; hw = r;",
    Access.PULSE: "sw = w; hw = r; singlepulse;",
    Access.CLEAR: "sw = rw; onwrite = woclr; hw = w;",
}


def system_rdl(top: str, table: Sequence[Register]) -> str:
    """Return a map as SystemRDL.

    Every field has the reset value that software reads. Names are written with a backslash, which
    SystemRDL has for names that could be words of its own.

    Parameters
    ----------
    top : str
        Name of the address map.
    table : sequence of Register
    """
    lines = [
        f"addrmap {top} {{",
        f'    name = "{top}";',
        '    desc = "Control and status of an accelerator behind AXI4-Lite.";',
        f"    default regwidth = {8 * WORD_BYTES};",
        f"    default accesswidth = {8 * WORD_BYTES};",
        "    littleendian;",
        "    lsb0;",
    ]
    for register in table:
        lines += [
            "",
            "    reg {",
            f'        name = "{register.name}";',
            f'        desc = "{_quoted(register.description)}";',
            *(_field(field) for field in register.parts),
            f"    }} \\{register.name} @ 0x{register.address:0{-(-ADDRESS_WIDTH // 4)}x};",
        ]
    return "\n".join([*lines, "};", ""])


def _field(field: Field) -> str:
    bits = f"[{field.bit + field.width - 1}:{field.bit}]"
    return (
        f'        field {{ desc = "{_quoted(field.description)}"; {_PROPERTIES[field.access]} }} '
        f"\\{field.name}{bits} = {field.width}'h{field.reset:x};"
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
