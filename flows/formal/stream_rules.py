"""The rules of streams, proved for sequences of any length.

What is proved of the Verilog that is simulated and synthesised, whatever the inputs are, as long
as they keep the rules themselves:

- a beat that waits stays: once valid and not taken, an output is valid in the next cycle, too, with
  the same payload;
- silence: in the cycle after a reset, and until an input is valid, no output is.

The first cycle is a reset.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bittrue.flows.formal.reachability import Reachability, never_raised
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import Design

RULES = ("a beat that waits stays", "silence after reset")

READING = "read_verilog circuit.v\nread_verilog rules.v\nhierarchy -check -top rules\n"


@dataclass(frozen=True)
class RuleProof:
    """What became of a rule.

    Attributes
    ----------
    rule : str
        One of `RULES`.
    found : Reachability
    """

    rule: str
    found: Reachability


def prove_rules(design: Design, seconds: float = 60) -> list[RuleProof]:
    """Prove every rule of a circuit's output streams.

    Parameters
    ----------
    design : Design
        With streams of the names ``i...`` and ``o...``.
    seconds : float
        For each rule.

    Raises
    ------
    ExecutionError
        If Yosys is missing or refuses the circuit.
    """
    ports = ports_of(design.verilog, design.top)
    entering, leaving = streams_of(ports)
    lines = watched(entering, ports) + watched(leaving, ports)
    stays = " && ".join(f"stays_{name}" for name in leaving) or "1'b1"
    silent = " && ".join(f"!{name}_valid" for name in leaving) or "1'b1"
    kept = [stays, f"!was_reset || ({silent})"]
    return [
        RuleProof(rule, decide(design, rules_module(design, lines, entering, holds), seconds))
        for rule, holds in zip(RULES, kept, strict=True)
    ]


def decide(design: Design, rules: str, seconds: float) -> Reachability:
    """Decide whether the output of a module ``rules`` around a circuit never rises."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rom_files(folder, design)
        (folder / "circuit.v").write_text(design.verilog)
        (folder / "rules.v").write_text(rules)
        return never_raised(folder, READING, seconds)


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
    # Functions have inputs, too.
    body = re.sub(r"\bfunction\b.*?\bendfunction\b", "", body, flags=re.DOTALL)
    port = r"^\s*(input|output)\s+(?:wire\s+|reg\s+)?(?:signed\s+)?(?:\[(\d+):0\]\s*)?(\w+)"
    return {
        name: (kind, int(high or 0) + 1)
        for kind, high, name in re.findall(port, body, re.MULTILINE)
    }


def streams_of(ports: Mapping[str, tuple[str, int]]) -> tuple[list[str], list[str]]:
    """Return the names of the streams that enter, and of those that leave."""
    streams = {n.removesuffix("_valid"): kind for n, (kind, _) in ports.items()
               if n.endswith("_valid")}  # fmt: skip
    entering = [name for name, kind in streams.items() if kind == "input"]
    return entering, [name for name in streams if name not in entering]


def rules_module(
    design: Design, lines: list[str], entering: list[str], holds: str, free: str = ""
) -> str:
    """Return a module around a circuit whose output rises when something does not hold.

    Parameters
    ----------
    design : Design
    lines : list of str
        Verilog that `holds` refers to, those of `watched` among them.
    entering : list of str
        Streams that keep their rules.
    holds : str
        A Verilog expression.
    free : str
        Declarations of further inputs.
    """
    ports = ports_of(design.verilog, design.top)
    inputs = {name: width for name, (kind, width) in ports.items() if kind == "input"}
    outputs = {name: width for name, (kind, width) in ports.items() if kind == "output"}
    inputs = {"clk": 1, "rst": 1} | inputs
    assumed = ["(begun || rst)", *(f"stays_{name}" for name in entering)]
    assumed += [f"!(was_reset && {name}_valid)" for name in entering]
    declared = [f"input [{width - 1}:0] {name}" for name, width in inputs.items()]
    return "\n".join(
        [
            f"module rules({', '.join([*declared, *([free] if free else []), 'output raised'])});",
            *(f"  wire [{width - 1}:0] {name};" for name, width in outputs.items()),
            f"  {design.top} circuit ({', '.join(f'.{name}({name})' for name in ports)});",
            "  reg begun = 0;",
            "  reg was_reset = 0;",
            "  always @(posedge clk) begin begun <= 1; was_reset <= rst; end",
            *lines,
            "  // What the ends did amiss once excuses the circuit for good.",
            f"  wire assumed = {' && '.join(assumed)};",
            "  reg excused = 0;",
            "  always @(posedge clk) excused <= excused || !assumed;",
            f"  assign raised = assumed && !excused && !({holds});",
            "endmodule",
            "",
        ]
    )


def watched(streams: list[str], ports: Mapping[str, tuple[str, int]]) -> list[str]:
    """Return lines in which ``stays_x`` is 0 when a beat that waited at x is gone or changed."""
    lines = []
    for name in streams:
        width = ports[f"{name}_payload"][1] if f"{name}_payload" in ports else 0
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
