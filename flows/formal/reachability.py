"""Whether a circuit can ever raise an output, decided for sequences of inputs of any length.

Yosys makes an and-inverter graph of the circuit, ABC merges registers that are always equal
(``scorr``) and then decides by property-directed reachability (``pdr``): it finds an invariant that
holds in the first cycle, is kept by every step and excludes the output, or a sequence that raises
it. Registers begin with their initial values, those without one with any.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bittrue.flows.formal.yosys import YosysError, run_yosys

PROVED, REFUTED, OPEN, LOOP = "proved", "refuted", "open", "combinational loop"

_DECISION = """
proc
flatten
opt_clean
memory -nomap
memory_map
opt -fast -nodffe -nosdff
async2sync
dffunmap
techmap
opt -fast -nodffe -nosdff
setundef -undriven -anyseq
aigmap
opt_clean
scc -expect 0
write_aiger -zinit circuit.aig
# ABC is inside Yosys and nowhere else in the wheel. It is reached by the pass that maps logic,
# which gets a gate to map, and lays it aside for as long as ABC is busy with the graph.
read_verilog gate.v
techmap gate
abc -script "+backup;read_aiger,circuit.aig;{steps};write_status,status;restore;strash" gate
"""

_STEPS = "scorr;write_aiger,merged.aig;pdr"

_GATE = "module gate(input a, input b, output y); assign y = ~(a & b); endmodule\n"


@dataclass(frozen=True)
class Reachability:
    """What is known of an output.

    Attributes
    ----------
    result : {"proved", "refuted", "open", "combinational loop"}
        Proved is that it never rises. Open is what was not decided in the time.
    seconds : float
    registers : int
        Bits of state over which it was decided, after equal ones were merged; 0 where that was
        all.
    """

    result: str
    seconds: float
    registers: int = 0


def never_raised(folder: Path, reading: str, seconds: float) -> Reachability:
    """Decide whether the only output of a module is 0 in every cycle, whatever its inputs are.

    Parameters
    ----------
    folder : Path
        With the files that are read; others are written there.
    reading : str
        Commands of Yosys that read the module and name it as top, by ``hierarchy``.
    seconds : float
        For ABC, and for Yosys before it.

    Raises
    ------
    ExecutionError
        If Yosys is missing or refuses the circuit.
    """
    began = time.monotonic()
    status, merged = folder / "status", folder / "merged.aig"
    for path in (status, merged):
        path.unlink(missing_ok=True)
    (folder / "gate.v").write_text(_GATE)
    answer = ""
    try:
        run_yosys(folder, reading + _DECISION.format(steps=_STEPS), seconds)
        answer = status.read_text()
    except YosysError as error:
        if "SCCs but expected" not in str(error):
            raise
        return Reachability(LOOP, time.monotonic() - began)
    except subprocess.TimeoutExpired:
        pass
    registers, constant = _merged(merged)
    if constant or answer.startswith("snl_UNSAT"):
        result = PROVED
    else:
        result = REFUTED if answer.startswith("snl_SAT") else OPEN
    return Reachability(result, time.monotonic() - began, registers)


def _merged(path: Path) -> tuple[int, bool]:
    """Return how many registers a graph has, and whether its only output is always 0."""
    if not path.is_file():
        return 0, False
    lines = path.read_bytes().split(b"\n")
    registers = int(lines[0].split()[3])
    return registers, lines[1 + registers] == b"0"
