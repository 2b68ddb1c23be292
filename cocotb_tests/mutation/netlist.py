"""All mutants of a circuit in one netlist, of which an input chooses one."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring
from amaranth.lib.wiring import In

from bittrue.flows.formal.yosys import run_yosys
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import Design

SELECT = "mutant"
"""The input that chooses; 0 is the circuit as it is."""

SELECT_WIDTH = 16

_READ = """
read_verilog circuit.v
hierarchy -check -top {top}
proc
opt_clean
memory_collect
opt_clean
"""


@dataclass(frozen=True)
class Mutant:
    """One change of a netlist.

    Parameters
    ----------
    number : int
        From 1.
    options : str
        Of Yosys's `mutate`: what is done, and at which port of which cell of which module.
    """

    number: int
    options: str

    @property
    def place(self) -> str:
        """What is changed, for people: the mode, the module, a wire's name or a cell's number."""
        words = dict(re.findall(r"-(mode|module|cell|port|portbit) (\S+)", self.options))
        wires = re.findall(r"-wire (\S+)", self.options)
        port = f"{words['port']}[{words['portbit']}]"
        cell = re.sub(r"^\$(?:auto)?\$?\S*?\$(\d+)$", r"cell \1", words["cell"])
        at = f"{cell} {port}" + (f" at {wires[0]}" if wires else "")
        return f"{words['mode']} {words['module']} {at}".replace("\\", "")


@dataclass(frozen=True)
class Mutated:
    """A circuit with its mutants.

    Parameters
    ----------
    design : Design
        Whose top module has the input `SELECT` besides; no ROM file belongs to it.
    mutants : tuple of Mutant
    """

    design: Design
    mutants: tuple[Mutant, ...]


def with_select(component: wiring.Component) -> wiring.PureInterface:
    """Return the ports of a circuit with mutants."""
    members = {**dict(component.signature.members), SELECT: In(SELECT_WIDTH)}
    return wiring.PureInterface(wiring.Signature(members), path=())


def mutate(design: Design, count: int, seed: int) -> Mutated:
    """Return a circuit with a sample of its mutants, the same for the same seed.

    Parameters
    ----------
    design : Design
    count : int
        Mutants, 1 to 2**16 - 1; fewer where there are no more.
    seed : int

    Raises
    ------
    ExecutionError
        If Yosys is missing or refuses the circuit.
    """
    read = _READ.format(top=design.top)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rom_files(folder, design)
        (folder / "circuit.v").write_text(design.verilog)
        run_yosys(folder, f"{read}mutate -list {count} -seed {seed} -o mutants.txt\n")
        mutants = tuple(_mutants((folder / "mutants.txt").read_text()))
        commands = [
            f"mutate -ctrl {SELECT} {SELECT_WIDTH} {each.number} {each.options}" for each in mutants
        ]
        script = "\n".join([read, *commands, "opt_clean", "write_verilog -noattr mutated.v", ""])
        run_yosys(folder, script)
        verilog = (folder / "mutated.v").read_text()
    return Mutated(Design(design.top, verilog), mutants)


def _mutants(listed: str) -> list[Mutant]:
    """Return the mutants of a list that Yosys wrote, each once."""
    options = [
        re.sub(r" -src \S+", "", line.removeprefix("mutate ").strip())
        for line in listed.splitlines()
    ]
    return [Mutant(number, each) for number, each in enumerate(dict.fromkeys(options), 1)]
