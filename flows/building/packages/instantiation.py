"""Texts to copy: how a design instantiates the accelerator in Verilog, SystemVerilog and VHDL."""

from bittrue.flows.building.accelerator import Accelerator, Port


def verilog(accelerator: Accelerator, kind: str = "wire") -> str:
    """Return the instance, with a wire for each port.

    Parameters
    ----------
    accelerator : Accelerator
    kind : str
        ``wire``, or ``logic`` in SystemVerilog.
    """
    ports = accelerator.ports
    lines = [f"{kind} {_bits(port)}{port.name};" for port in ports]
    rom = '    .ROM_FOLDER("")  // Where the .hex files are; empty: where the simulator runs.'
    lines += ["", f"{accelerator.top} #(", rom, ") accelerator ("]
    lines += [f"    .{port.name}({port.name})," for port in ports]
    return "\n".join([*lines[:-1], lines[-1].rstrip(","), ");", ""])


def vhdl(accelerator: Accelerator) -> str:
    """Return the component, a signal for each of its ports, and the instance."""
    ports, top = accelerator.ports, accelerator.top
    declared = ";\n".join(
        f"        {port.name} : {'in' if port.direction == 'input' else 'out'} {_type(port)}"
        for port in ports
    )
    signals = "\n".join(f"signal {port.name} : {_type(port)};" for port in ports)
    connected = ",\n".join(f"        {port.name} => {port.name}" for port in ports)
    return (
        f'component {top} is\n    generic (ROM_FOLDER : string := "");\n    port (\n{declared}\n'
        f"    );\nend component;\n\n{signals}\n\n"
        f"accelerator : {top}\n    port map (\n{connected}\n    );\n"
    )


def _bits(port: Port) -> str:
    return f"[{port.width - 1}:0] " if port.width > 1 else ""


def _type(port: Port) -> str:
    return "std_logic" if port.width == 1 else f"std_logic_vector({port.width - 1} downto 0)"
