"""Order of codes that are moved, proved for sequences of any length.

An arbitrary element of the output's frame is chosen, and kept from then on. When the input first
offers the element that it comes from, the code is remembered with the frame's number; when the
output gives the chosen element, the code must be the one remembered for that frame. So no element
is lost before another one that comes, none doubled, none exchanged.

What remains is that something comes at all. While all ends are ready and all inputs valid, a beat
must move within some cycles; and while an output owes elements of a frame that has entered whole,
it must give one within as many, whether more enters or not.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from bittrue.flows.formal.moved_codes import CONSTANT, Movement
from bittrue.flows.formal.stream_rules import (
    RuleProof,
    decide,
    ports_of,
    rules_module,
    streams_of,
    watched,
)
from bittrue.hdl.printer.verilog_output import Design


def prove_order(design: Design, movement: Movement, seconds: float) -> list[RuleProof]:
    """Prove that a circuit moves codes as it should, and never hangs.

    Parameters
    ----------
    design : Design
    movement : Movement
        What the circuit does.
    seconds : float
        For each output stream, and for the second rule.
    """
    ports = ports_of(design.verilog, design.top)
    entering, leaving = streams_of(ports)
    kept = watched(entering, ports)
    proofs = []
    for name in leaving:
        lines = kept + _counted(movement) + _remembered(movement, name)
        width = _bits(len(movement.leaving[name][0]))
        rules = rules_module(design, lines, entering, "right", f"input [{width - 1}:0] choice")
        title = f"every element of {name} in its place"
        proofs.append(RuleProof(title, decide(design, rules, seconds)))
    bound = _bound(movement)
    lines = kept + _counted(movement) + _awaited(movement, entering, leaving, bound)
    rules = rules_module(design, lines, entering, "moves")
    title = f"no hang of {bound} cycles"
    return [*proofs, RuleProof(title, decide(design, rules, seconds))]


def _bits(count: int) -> int:
    """Return how many bits numbers below a count have."""
    return max(1, (count - 1).bit_length())


def _bound(movement: Movement) -> int:
    """Return cycles within which a beat moves: those of a frame, and of a pipeline."""
    ends = [elements // lanes for elements, lanes in movement.entering.values()]
    ends += [len(sources) // lanes for sources, lanes in movement.leaving.values()]
    return max(ends) + 6


def _counted(movement: Movement) -> list[str]:
    """Return lines that number the beats of each stream's frame, and its frames."""
    lines = []
    frames = {name: elements // lanes for name, (elements, lanes) in movement.entering.items()}
    frames |= {name: len(of) // lanes for name, (of, lanes) in movement.leaving.items()}
    for name, beats in frames.items():
        last = f"beat_{name} == {beats - 1}"
        lines += [
            f"  wire moves_{name} = {name}_valid && {name}_ready && !rst;",
            f"  reg waits_{name} = 0;",
            f"  always @(posedge clk) waits_{name} <= {name}_valid && !{name}_ready && !rst;",
            f"  wire first_{name} = {name}_valid && !rst && !waits_{name};",
            f"  reg [{_bits(beats) - 1}:0] beat_{name} = 0;",
            f"  reg [{_bits(movement.kept)}:0] frame_{name} = 0;",
            "  always @(posedge clk)",
            f"    if (rst) begin beat_{name} <= 0; frame_{name} <= 0; end",
            f"    else if (moves_{name}) begin",
            f"      beat_{name} <= {last} ? 0 : beat_{name} + 1;",
            f"      if ({last}) frame_{name} <= frame_{name} + 1;",
            "    end",
        ]
    return lines


def _remembered(movement: Movement, leaving: str) -> list[str]:
    """Return lines in which ``right`` is 0 when the chosen element is not what it should be."""
    sources, lanes = movement.leaving[leaving]
    width, kept = movement.width, movement.kept
    begins = np.cumsum([0, *(elements for elements, _ in movement.entering.values())])
    brought: list[str] = []
    codes: list[str] = []
    frames: list[str] = []
    lines = [
        f"  reg [{_bits(len(sources)) - 1}:0] place = 0;",
        f"  always @(posedge clk) if (!begun) place <= choice < {len(sources)} ? choice : 0;",
    ]
    for (name, (elements, beat)), begin in zip(movement.entering.items(), begins, strict=False):
        mine = {
            place: int(source - begin)
            for place, source in enumerate(sources)
            if begin <= source < begin + elements
        }
        if not mine:
            continue
        at = {place: source // beat for place, source in mine.items()}
        lane = {place: source % beat for place, source in mine.items()}
        lines += _looked_up(f"from_{name}", dict.fromkeys(mine, 1), 1)
        lines += _looked_up(f"at_{name}", at, _bits(elements // beat))
        lines += _looked_up(f"lane_{name}", lane, _bits(beat))
        brings = f"(first_{name} && from_{name} && beat_{name} == at_{name})"
        brought.append(brings)
        codes.append(f"({{{width}{{{brings}}}}} & ({name}_payload >> (lane_{name} * {width})))")
        frames.append(f"({{{_bits(kept)}{{from_{name}}}}} & {_kept(name, kept)})")
    own = _kept(leaving, kept)
    fixed = {place: 1 for place, source in enumerate(sources) if source == CONSTANT}
    lines += _looked_up("fixed", fixed, 1)
    lines += _looked_up("given_at", {p: p // lanes for p in range(len(sources))}, 32)
    lines += _looked_up("given_lane", {p: p % lanes for p in range(len(sources))}, 32)
    return [
        *lines,
        f"  wire brought = {' || '.join(brought)};",
        f"  wire [{width - 1}:0] code = {' | '.join(codes)};",
        f"  wire [{_bits(kept) - 1}:0] frame = {' | '.join(frames)};",
        f"  reg [{kept * width - 1}:0] codes;",
        f"  reg [{kept - 1}:0] there = 0;",
        f"  wire gives = {leaving}_valid && !rst && beat_{leaving} == given_at;",
        f"  wire [{width - 1}:0] given = {leaving}_payload >> (given_lane * {width});",
        f"  wire known = there[{own}];",
        f"  wire passes = brought && frame == {own};",
        f"  wire [{width - 1}:0] due = known ? codes >> ({own} * {width}) : code;",
        "  always @(posedge clk) begin",
        "    if (brought) begin",
        "      there[frame] <= 1;",
        f"      codes[frame * {width} +: {width}] <= code;",
        "    end",
        f"    if (gives && {leaving}_ready) there[{own}] <= 0;",
        "    if (rst) there <= 0;",
        "  end",
        f"  wire same = fixed ? given == {movement.code} : (known || passes) && given == due;",
        "  wire right = (!gives || same) && !(brought && there[frame]);",
    ]


def _kept(name: str, kept: int) -> str:
    """Return where the code of a stream's frame is kept."""
    return f"frame_{name}[{_bits(kept) - 1}:0]"


def _looked_up(name: str, values: Mapping[int, int], width: int) -> list[str]:
    """Return a wire that has a value for each chosen place, and 0 for the others."""
    terms = " : ".join(f"place == {place} ? {value}" for place, value in values.items() if value)
    return [f"  wire [{width - 1}:0] {name} = {terms + ' : 0' if terms else '0'};"]


def _awaited(
    movement: Movement, entering: Sequence[str], leaving: Sequence[str], bound: int
) -> list[str]:
    """Return lines in which ``moves`` is 0 when nothing moves though it could."""
    ready = " && ".join(f"{name}_ready" for name in leaving)
    offered = " && ".join(f"{name}_valid" for name in entering)
    some = " || ".join(f"moves_{name}" for name in (*entering, *leaving))
    lines: list[str] = []
    bits = _bits(movement.kept)
    waits = {"all": f"{ready} && {offered} && !({some})"}
    for name in leaving:
        # The output may have ended a frame of which the input has elements left that nobody needs.
        lines += [
            f"  wire [{bits}:0] behind_{e}_{name} = frame_{e} - frame_{name};" for e in entering
        ]
        due = [f"behind_{e}_{name} != 0 && behind_{e}_{name} <= {movement.kept}" for e in entering]
        waits[name] = f"{ready} && {' && '.join(due)} && !moves_{name}"
    for name, condition in waits.items():
        width = _bits(bound + 1)
        lines += [
            f"  reg [{width - 1}:0] idle_{name} = 0;",
            "  always @(posedge clk)",
            f"    if (rst || !({condition})) idle_{name} <= 0;",
            f"    else if (idle_{name} != {bound}) idle_{name} <= idle_{name} + 1;",
        ]
    return [*lines, f"  wire moves = {' && '.join(f'idle_{n} != {bound}' for n in waits)};"]
