"""A planned network as one design, in the shell that a user wants."""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.planning.latency import first_image_cycles
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.bench.payload import as_beats, pack
from bittrue.golden.errors import UnknownNameError, UserError
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.file import dumps
from bittrue.hdl.blocks.packed_words import Words
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from bittrue.hdl.shell import AXI_SHELLS
from bittrue.hdl.shell.bus import axi_name
from bittrue.hdl.shell.register_map import Register

SHELLS = {
    "axi": "AXI4-Stream data, AXI4-Lite control and status",
    "axi-clocks": "the same, with clocks of their own for control, data and the network",
    "stream": "bare streams with valid and ready",
}


CLOCK_MHZ = 100.0
"""Where nobody chooses."""

HIGHEST_MHZ = 1000.0
"""No device here has a clock as high."""


def check_clock(mhz: float) -> None:
    """Refuse a clock that no device reaches.

    Raises
    ------
    UserError
        Saying what is allowed.
    """
    if not 0 < mhz <= HIGHEST_MHZ:
        raise UserError(f"clock is {mhz:g} MHz; allowed: above 0, up to {HIGHEST_MHZ:,.0f} MHz")


def check_shell(name: str) -> None:
    """Refuse a shell that there is not.

    Raises
    ------
    UserError
        Listing those that there are.
    """
    if name not in SHELLS:
        raise UnknownNameError("shell", name, SHELLS)


@dataclass(frozen=True)
class End:
    """Where a tensor enters or leaves an accelerator.

    Parameters
    ----------
    tensor : Tensor
        What passes.
    stream : str
        Its name in the circuit: ``i``, ``o_<name>``.
    prefix, port : str
        Prefix of the ports of the stream, and the one that carries codes.
    layout : data.ArrayLayout
        Of that port.
    """

    tensor: Tensor
    stream: str
    prefix: str
    port: str
    layout: data.ArrayLayout

    @property
    def suffix(self) -> str:
        """What tells the stream from others: ``_<name>``, nothing if it is the only one."""
        return self.stream[1:]

    @property
    def lanes(self) -> int:
        """Codes of a beat."""
        return self.layout.length

    @property
    def lane_bits(self) -> int:
        """Bits of a code on the port."""
        return Shape.cast(self.layout.elem_shape).width

    @property
    def width(self) -> int:
        """Bits of the port."""
        return self.lanes * self.lane_bits

    @property
    def beats(self) -> int:
        """Of an image."""
        return self.tensor.elements // self.lanes

    def words(self, codes: Codes) -> Words:
        """Return samples as beats of the port; see `flows.simulation.bench.payload.pack`."""
        return pack(self.layout, as_beats(codes, self.lanes))


class Port(NamedTuple):
    """A port of the top module: its name, ``input`` or ``output``, and its bits."""

    name: str
    direction: str
    width: int


@dataclass(frozen=True, eq=False)
class Accelerator:
    """A network in a shell.

    Parameters
    ----------
    name : str
        Of the model; the top module is named after it.
    plan : Plan
        What the circuit is made from.
    shell : str
        A key of `SHELLS`.
    mhz : float
        The clock that scripts ask for.
    given_build : int, optional
        What tells designs apart, where it is to be that of an accelerator that exists.
    given_verilog : str
        The text of its Verilog, which differs from this one's in comments at most; none if empty.

    Raises
    ------
    UserError
        If there is no such shell, or no such clock.
    """

    name: str
    plan: Plan
    shell: str
    mhz: float = CLOCK_MHZ
    given_build: int | None = None
    given_verilog: str = ""

    def __post_init__(self) -> None:
        check_shell(self.shell)
        check_clock(self.mhz)

    @property
    def top(self) -> str:
        """Name of the top module, a plain identifier whatever the model is called."""
        return f"accelerator_{re.sub(r'[^a-z0-9]+', '_', self.name.lower()).strip('_')}"

    @cached_property
    def build(self) -> int:
        """32 bits that tell designs apart: from the graph and everything that was decided."""
        if self.given_build is not None:
            return self.given_build
        spec = self.plan.spec
        choices = (spec.foldings, spec.lanes, spec.memories)
        decisions = [sorted(each.items()) for each in choices]
        return int(hashlib.sha256(dumps(spec.graph) + repr(decisions).encode()).hexdigest()[:8], 16)

    @cached_property
    def component(self) -> Any:
        """The circuit of the top module."""
        spec = self.plan.spec
        if self.shell == "stream":
            return Network(spec)
        beats = {
            port: spec.beats_of(name)
            for each in (spec.input_streams, spec.output_streams)
            for name, port in each.items()
        }
        return AXI_SHELLS[self.shell](Network(spec, stalls=True), beats, self.build)

    @property
    def has_axi(self) -> bool:
        """Whether it is in a shell with AXI."""
        return self.shell in AXI_SHELLS

    @property
    def estimated_latency(self) -> int:
        """Cycles from the first input to the last output of the first image, estimated."""
        cycles = first_image_cycles(self.plan)
        return cycles + AXI_SHELLS[self.shell].LATENCY if self.has_axi else cycles

    @property
    def registers(self) -> tuple[Register, ...]:
        """The register map; none with bare streams."""
        return self.component.registers if self.has_axi else ()

    @property
    def ports(self) -> list[Port]:
        """The ports of the top module, clocks and reset first."""
        named = (*self.clocks, self.reset)
        ports = [Port(name, "input", 1) for name in named]
        for name, member, shape in flat_ports(self.component):
            if name not in named:
                direction = "input" if member.flow == wiring.In else "output"
                ports.append(Port(name, direction, Shape.cast(shape).width))
        return ports

    @property
    def inputs(self) -> tuple[End, ...]:
        """Where images enter."""
        return tuple(map(self._end, self.plan.spec.input_streams.items()))

    @property
    def outputs(self) -> tuple[End, ...]:
        """Where outputs leave."""
        return tuple(map(self._end, self.plan.spec.output_streams.items()))

    @property
    def clock(self) -> str:
        """Name of the clock port."""
        return self.clocks[0]

    @property
    def clocks(self) -> tuple[str, ...]:
        """Names of all clock ports: of the network, of data, of control; or one for all."""
        return AXI_SHELLS[self.shell].CLOCKS if self.has_axi else ("clk",)

    @property
    def reset(self) -> str:
        """Name of the reset port; it is synchronous where there is one clock."""
        return "aresetn" if self.has_axi else "rst"

    @property
    def reset_active_low(self) -> bool:
        """Whether the circuit is reset while the port is low."""
        return self.has_axi

    def design(self) -> Design:
        """Return the Verilog and the ROM files; this is what takes time, once."""
        return self._design

    @cached_property
    def _design(self) -> Design:
        made = to_verilog(
            self.component,
            self.top,
            {
                "network": self.name,
                "shell": self.shell,
                "build": f"{self.build:08x}",
                "initiation interval": f"{self.plan.cycles:,} cycles",
                "latency, estimated": f"{self.estimated_latency:,} cycles",
            },
        )
        return replace(made, verilog=self.given_verilog) if self.given_verilog else made

    def _end(self, end: tuple[str, str]) -> End:
        name, port = end
        prefix, member = (axi_name(port), "tdata") if self.has_axi else (port, "payload")
        interface: Any = getattr(self.component, prefix)
        layout = interface.signature.members[member].shape
        return End(self.plan.spec.graph.tensors[name], port, prefix, f"{prefix}_{member}", layout)
