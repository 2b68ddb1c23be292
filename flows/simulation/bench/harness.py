"""The HDL bench of a component: one source or sink per stream, and what starts and stops them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from amaranth.hdl import Shape
from amaranth.lib import stream, wiring

from bittrue.golden.errors import UserError

LIBRARY = (Path(__file__).parent / "stream_source.v", Path(__file__).parent / "stream_sink.v")
TOP = "bench"
CLOCKING = ("clk", "rst")


@dataclass(frozen=True)
class StreamPort:
    """A stream of the circuit: Verilog prefix, payload shape, and whether it enters."""

    name: str
    shape: object
    enters: bool

    @property
    def width(self) -> int:
        """Bits of the payload."""
        return Shape.cast(self.shape).width


@dataclass(frozen=True)
class ControlPort:
    """A plain input of the circuit, constant during a run."""

    name: str
    width: int


@dataclass(frozen=True)
class Harness:
    """The ports of a circuit and the text of the bench around it.

    Parameters
    ----------
    circuit : str
        Name of the circuit's top module.
    streams : tuple of StreamPort
        Every stream, entering or leaving.
    controls : tuple of ControlPort
        Plain inputs.
    clocking : tuple of str
        Which of ``clk`` and ``rst`` the circuit has: neither, if it has no registers.
    """

    circuit: str
    streams: tuple[StreamPort, ...]
    controls: tuple[ControlPort, ...]
    clocking: tuple[str, ...] = CLOCKING

    @classmethod
    def of(
        cls,
        component: wiring.Component | wiring.PureInterface,
        circuit: str,
        clocking: tuple[str, ...] = CLOCKING,
    ) -> "Harness":
        """Find the ports of a component.

        Raises
        ------
        UserError
            If the component has plain outputs, or no stream at one of its ends.
        """
        streams, controls = [], []
        for name, member in component.signature.members.items():
            enters = member.flow == wiring.In
            if member.is_signature and isinstance(member.signature, stream.Signature):
                streams.append(StreamPort(name, member.signature.members["payload"].shape, enters))
            elif member.is_port and enters:
                controls.append(ControlPort(name, Shape.cast(member.shape).width))
            else:
                raise UserError(
                    f"port {name} of {circuit} is neither a stream nor a plain input; "
                    "the bench drives streams and plain inputs only"
                )
        if {port.enters for port in streams} != {True, False}:
            raise UserError(f"{circuit} needs a stream at its input and one at its output")
        return cls(circuit, tuple(streams), tuple(controls), clocking)

    @property
    def sources(self) -> tuple[StreamPort, ...]:
        """Streams into the circuit."""
        return tuple(port for port in self.streams if port.enters)

    @property
    def sinks(self) -> tuple[StreamPort, ...]:
        """Streams out of the circuit."""
        return tuple(port for port in self.streams if not port.enters)

    @cached_property
    def settings(self) -> dict[str, int]:
        """Names and widths of the registers that Python sets before a run."""
        widths = {
            "start": 1,
            "dump": 1,
            "reset_first": 1,
            "seed": 32,
            "patience": 32,
            "stop_after": 32,
            "record": 1,
            "record_from": 32,
        }
        for port in self.streams:
            widths |= {f"{port.name}_first": 32, f"{port.name}_count": 32, f"{port.name}_stall": 9}
        return widths | {f"control_{port.name}": port.width for port in self.controls}

    @cached_property
    def observations(self) -> dict[str, int]:
        """Names and widths of what Python reads after a run."""
        widths = {"done": 1, "hung": 1, "cycle": 32}
        for port in self.streams:
            widths[f"{port.name}_taken"] = 32
        for port in self.sinks:
            widths |= {f"{port.name}_violations": 32, f"{port.name}_unknowns": 32}
        return widths

    def verilog(self, depth: int) -> str:
        """Return the text of the bench, whose memories hold `depth` beats."""
        lines = ["`timescale 1ns/1ps", "", f"module {TOP}", _CLOCK]
        lines += [f"    reg {_range(width)}{name} = 0;" for name, width in self.settings.items()]
        driven = {"done", "hung", "cycle"}
        lines += [
            f"    {'reg' if name in driven else 'wire'} {_range(width)}{name}"
            f"{' = 0' if name in driven else ''};"
            for name, width in self.observations.items()
        ]
        for port in self.streams:
            lines += [
                f"    wire {port.name}_valid;",
                f"    wire {port.name}_ready;",
                f"    wire {_range(port.width)}{port.name}_payload;",
            ]
        finished = " && ".join(f"{port.name}_taken >= {port.name}_count" for port in self.streams)
        moved = " || ".join(f"({port.name}_valid && {port.name}_ready)" for port in self.streams)
        lines += [_SEQUENCE.format(finished=finished, moved=moved)]
        for salt, port in enumerate(self.streams):
            lines += [_source(port, salt, depth) if port.enters else _sink(port, salt, depth)]
        lines += [self._instance(), "endmodule", ""]
        return "\n".join(lines)

    def control_file(self) -> str:
        """Return the Verilator configuration that lets Python reach just these registers."""
        lines = ["`verilator_config"]
        lines += [f'public_flat_rw -module "{TOP}" -var "{name}"' for name in self.settings]
        lines += [f'public_flat_rd -module "{TOP}" -var "{name}"' for name in self.observations]
        return "\n".join([*lines, ""])

    def _instance(self) -> str:
        connections = [f".{name}({name})" for name in self.clocking]
        for port in self.streams:
            connections += [
                f".{port.name}_{part}({port.name}_{part})" for part in ("valid", "ready", "payload")
            ]
        connections += [f".{port.name}(control_{port.name})" for port in self.controls]
        return (
            f"    {self.circuit} circuit (\n        " + ",\n        ".join(connections) + "\n    );"
        )


# Verilator's main program drives the clock and sleeps through runs; see bench_main.cpp.
_CLOCK = """\
`ifdef VERILATOR
    (input wire clk, output wire busy);
    assign busy = start && !done;
`else
    ;
    reg clk = 0;
    always #5 clk = ~clk;
`endif
"""

_SEQUENCE = """
    // A run lasts from `start` to `done`.
    reg rst = 1;
    reg running = 0;
    reg [31:0] quiet = 0;
    reg [3:0] reset_cycles = 0;
    wire finished = {finished};
    wire moved = {moved};

    // After the last expected beat the run goes on for DRAIN cycles, to catch beats too many.
    localparam DRAIN = 64;

    always @(posedge clk)
        if (!start) begin
            running <= 0;
            done <= 0;
            hung <= 0;
            cycle <= 0;
            quiet <= 0;
            reset_cycles <= 0;
            rst <= 0;
        end else if (reset_first && reset_cycles != 4) begin
            rst <= 1;
            reset_cycles <= reset_cycles + 1;
        end else if (!done) begin
            rst <= 0;
            running <= !rst;
            if (running) begin
                cycle <= cycle + 1;
                quiet <= moved ? 0 : quiet + 1;
                if (quiet >= (finished ? DRAIN : patience)) begin
                    done <= 1;
                    hung <= !finished;
                end
                if (stop_after != 0 && cycle == stop_after) done <= 1;
            end
        end

`ifdef WAVES
    always @(posedge clk)
        if (running && record && cycle == record_from) begin
            $dumpfile("waves.vcd");
            $dumpvars(0, bench);
        end
`endif
"""


def _range(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def _source(port: StreamPort, salt: int, depth: int) -> str:
    name = port.name
    return f"""
    stream_source #(.WIDTH({port.width}), .DEPTH({depth}), .FILE("{name}.hex")) {name}_source (
        .clk(clk), .running(running), .first({name}_first), .count({name}_count),
        .stall({name}_stall), .seed(seed + 32'd{salt * 0x9E3779B9 % 2**32}), .taken({name}_taken),
        .valid({name}_valid), .ready({name}_ready), .payload({name}_payload)
    );"""


def _sink(port: StreamPort, salt: int, depth: int) -> str:
    name = port.name
    return f"""
    stream_sink #(
        .WIDTH({port.width}), .DEPTH({depth}), .FILE("{name}.hex"), .CYCLES_FILE("{name}.cycles")
    ) {name}_sink (
        .clk(clk), .running(running), .dump(dump), .cycle(cycle), .first({name}_first),
        .count({name}_count), .stall({name}_stall), .seed(seed + 32'd{salt * 0x9E3779B9 % 2**32}),
        .taken({name}_taken), .violations({name}_violations), .unknowns({name}_unknowns),
        .valid({name}_valid), .ready({name}_ready), .payload({name}_payload)
    );"""
