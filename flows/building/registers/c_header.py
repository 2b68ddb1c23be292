"""A register map as a C header: offsets, and the bits of fields."""

from collections.abc import Sequence

from bittrue.hdl.shell.register_map import WORD_BYTES, Register


def c_header(top: str, table: Sequence[Register]) -> str:
    """Return a header of constants, for C and C++, without a dependency.

    Parameters
    ----------
    top : str
        Name of the design, with which every name begins.
    table : sequence of Register
    """
    prefix = top.upper()
    guard = f"{prefix}_REGISTERS_H"
    lines = [f"#ifndef {guard}", f"#define {guard}", ""]
    lines += [
        "/* Offsets in bytes of 32-bit registers, and masks and shifts of their fields. */",
        "",
    ]
    for register in table:
        name = f"{prefix}_{register.name.upper()}"
        lines += [f"/* {register.name}: {register.description}. */"]
        lines += [f"#define {name} 0x{register.address:03x}u"]
        if register.constant is not None:
            lines += [f"#define {name}_VALUE 0x{register.constant:08x}u"]
        for field in register.fields:
            mask = ((1 << field.width) - 1) << field.bit
            lines += [
                f"#define {name}_{field.name.upper()} 0x{mask:08x}u /* {field.description} */",
                f"#define {name}_{field.name.upper()}_SHIFT {field.bit}",
            ]
        lines += [""]
    size = max(register.address for register in table) + WORD_BYTES
    lines += ["/* Bytes of the map. */", f"#define {prefix}_SIZE 0x{size:03x}u", ""]
    return "\n".join([*lines, f"#endif /* {guard} */", ""])
