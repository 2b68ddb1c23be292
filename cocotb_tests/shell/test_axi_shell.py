"""The AXI shell under cocotbext-axi in both simulators, and faults that must not pass."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers import code_stream
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.shell import AxiShell, axi_shell, counters, stream_output
from bittrue.hdl.shell.image_counts import any_of
from bittrue.hdl.shell.interrupts import Interrupts
from bittrue.hdl.shell.register_map import MAXIMUM_LAYERS, registers
from bittrue.hdl.shell.skid_buffer import SkidBuffer
from bittrue.hdl.shell.stream_input import StreamInput
from cocotb_tests.bench.public_ports import build_with_public_ports
from cocotb_tests.shell.place_adder import PlaceAdder, TwoAdders

BENCH = "cocotb_tests.shell.axi_bench"
BENCH_OF_SEVERAL = "cocotb_tests.shell.several_bench"


@dataclass(frozen=True)
class Case:
    kind: str
    lanes: int
    beats: int


CASES = {
    "int8": Case("int8", 1, 12),
    "uint1, three lanes": Case("uint1", 3, 7),
    "int12, two lanes": Case("int12", 2, 16),
}
BUILD = 0xC0FFEE42


def shell_of(case: Case) -> AxiShell:
    circuit = PlaceAdder(IntegerType.parse(case.kind), case.lanes, case.beats)
    return AxiShell(circuit, {"i": case.beats, "o": case.beats}, BUILD)


def simulate(
    shell: AxiShell, case: Case, simulator: str, builds: Path, work: Path, bench: str = BENCH
) -> None:
    """Run every test of a bench on a shell."""
    ports = [name for name, _, _ in flat_ports(shell)]
    build = build_with_public_ports(to_verilog(shell, "shell"), ports, simulator, builds)
    plan = {"kind": case.kind, "lanes": case.lanes, "beats": case.beats, "build": BUILD, "seed": 5}
    (work / "plan.json").write_text(json.dumps(plan))
    run(simulator, build, "shell", bench, work, timeout=120)


def shell_of_several() -> AxiShell:
    circuit = TwoAdders()
    return AxiShell(circuit, circuit.beats, BUILD)


def test_counts_each_stream_of_several(simulator: str, builds: Path, tmp_path: Path) -> None:
    simulate(shell_of_several(), CASES["int8"], simulator, builds, tmp_path, BENCH_OF_SEVERAL)


def nobody_is_behind(m: Module, name: str, passes: Sequence[Value]) -> tuple[Value, list[Value]]:
    first, behind = any_of(m, name, passes)
    return first, [Const(0) for _ in behind]


def first_is_all(m: Module, name: str, passes: Sequence[Value]) -> Value:
    return passes[0]


@pytest.mark.parametrize(
    ("name", "fault"), [("any_of", nobody_is_behind), ("all_of", first_is_all)]
)
def test_images_counted_at_one_stream_alone_are_noticed(
    name: str,
    fault: Any,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(axi_shell, name, fault)
    with pytest.raises(SimulationError, match="1 of 2 tests failed"):
        simulate(
            shell_of_several(), CASES["int8"], any_simulator, builds, tmp_path, BENCH_OF_SEVERAL
        )


@pytest.mark.parametrize("name", CASES)
def test_obeys_axi_and_counts(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    simulate(shell_of(CASES[name]), CASES[name], simulator, builds, tmp_path)


class LossyBuffer(SkidBuffer):
    """Always ready: what comes while the output waits is lost."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal.like(self.o.payload)
        holds = Signal()
        m.d.comb += [self.i.ready.eq(1), self.o.valid.eq(holds), self.o.payload.eq(held)]
        with m.If(self.o.ready | ~holds):
            m.d.sync += [holds.eq(self.i.valid), held.eq(self.i.payload)]
        return m


def beats_lost(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stream_output, "SkidBuffer", LossyBuffer)


def images_too_long(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    shell.beats["o"] += 1


def inputs_miscounted(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    shell.beats["i"] -= 1


def layers_swapped(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(axi_shell, "registers", lambda layers, *ends: registers(layers[::-1], *ends))


def errors_swapped(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(counters.EVENTS, "tlast_early", "tlast_missing")
    patch.setitem(counters.EVENTS, "tlast_missing", "tlast_early")


def circuit_not_reset(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(axi_shell, "DomainRenamer", lambda domain: lambda component: component)


class NeverCleared(Interrupts):
    """Causes stay whatever is written."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = Interrupts(2)
        m.d.comb += [
            inner.happens.eq(self.happens),
            inner.enables.eq(self.enables),
            inner.data.eq(self.data),
        ]
        for name in ("enabled", "happened", "interrupt"):
            m.d.comb += getattr(self, name).eq(getattr(inner, name))
        return m


def interrupts_never_cleared(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(axi_shell, "Interrupts", NeverCleared)


class Gate(StreamInput):
    """A gate behind a buffer, as every register slice in front of the shell is."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.gate = gate = StreamInput(self.kind, self.lanes, self.beats)
        shape = data.StructLayout({"data": self.axis.tdata.shape(), "last": 1})
        m.submodules.buffer = buffer = SkidBuffer(shape)
        m.d.comb += [
            buffer.i.valid.eq(self.axis.tvalid),
            buffer.i.payload.eq(Cat(self.axis.tdata, self.axis.tlast)),
            self.axis.tready.eq(buffer.i.ready),
            gate.axis.tvalid.eq(buffer.o.valid),
            Cat(gate.axis.tdata, gate.axis.tlast).eq(buffer.o.payload),
            buffer.o.ready.eq(gate.axis.tready),
            gate.enable.eq(self.enable),
        ]
        wiring.connect(m, gate.o, wiring.flipped(self.o))
        for name, member in self.signature.members.items():
            if member.is_port and member.flow == Out:
                m.d.comb += getattr(self, name).eq(getattr(gate, name))
        return m


def beats_taken_early(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(axi_shell, "StreamInput", Gate)


def offers_in_reset(shell: AxiShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AxiShell, "_be_silent_in_reset", lambda shell, m: None)


@pytest.mark.parametrize(
    "fault",
    [
        beats_lost,
        images_too_long,
        inputs_miscounted,
        layers_swapped,
        errors_swapped,
        circuit_not_reset,
        beats_taken_early,
        offers_in_reset,
        interrupts_never_cleared,
    ],
)
def test_faults_are_caught(
    fault: Callable[[AxiShell, pytest.MonkeyPatch], None],
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES["int8"]
    shell = shell_of(case)
    fault(shell, monkeypatch)
    with pytest.raises(SimulationError, match=r"\d+ of 15 tests failed"):
        simulate(shell, case, any_simulator, builds, tmp_path)


class WithPorts(wiring.Component):
    """A circuit that is only looked at."""

    def elaborate(self, platform: object) -> Module:
        return Module()


CODES = code_stream(IntegerType(8, True), 1)
LAYERS = data.StructLayout({f"layer_{number}": 1 for number in range(MAXIMUM_LAYERS + 1)})


@pytest.mark.parametrize(
    ("ports", "beats", "message"),
    [
        ({"i": In(CODES), "o": Out(CODES)}, 0, "beats of i is 0; allowed: at least 1"),
        ({"i": In(CODES)}, 1, "no stream of codes named o"),
        ({"i": In(8), "o": Out(CODES)}, 1, "no stream of codes named i"),
        ({"i": In(CODES), "o": Out(CODES), "stalls": Out(3)}, 1, "a bit for each layer"),
        (
            {"i": In(CODES), "o": Out(CODES), "stalls": Out(LAYERS)},
            1,
            rf"has {MAXIMUM_LAYERS + 1} layers; .* for {MAXIMUM_LAYERS}",
        ),
    ],
)
def test_circuits_that_do_not_fit_are_refused(
    ports: dict[str, Member], beats: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        AxiShell(WithPorts(ports), {"i": beats, "o": 1})


def test_a_circuit_without_stalls_has_no_stall_counters() -> None:
    shell = AxiShell(WithPorts({"i": In(CODES), "o": Out(CODES)}), {"i": 3, "o": 3})
    assert shell.layers == ()
    assert shell.registers[-1].name == "interrupt_status"


def test_lint_of_several_streams_is_clean() -> None:
    assert lint(to_verilog(shell_of_several(), "shell")) == []


def test_lint_is_clean() -> None:
    assert lint(to_verilog(shell_of(CASES["int12, two lanes"]), "shell")) == []
