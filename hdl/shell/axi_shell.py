"""A streaming circuit behind AXI4-Stream and AXI4-Lite."""

from typing import Any

from amaranth.hdl import (
    C,
    Cat,
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    ResetSignal,
    Shape,
    Signal,
    Value,
)
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.shapes import type_of
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.shell.bus import axi_lite, axi_stream, code_bytes
from bittrue.hdl.shell.counters import Counters
from bittrue.hdl.shell.register_file import RegisterFile
from bittrue.hdl.shell.register_map import (
    ADDRESS_WIDTH,
    IDENTIFICATION,
    MAXIMUM_LAYERS,
    VERSION,
    Register,
    registers,
)
from bittrue.hdl.shell.skid_buffer import SkidBuffer
from bittrue.hdl.shell.stream_input import StreamInput
from bittrue.hdl.shell.stream_output import StreamOutput

_MAXIMUM_IMAGES = (1 << 16) - 1
"""Images that can be in a circuit at once; each has beats of its own there."""


def shell_cost(layers: int, lanes: int) -> Costs:
    """Estimate the AXI shell of a network.

    Parameters
    ----------
    layers : int
        Each with a counter.
    lanes : int
        Bits of a beat of the input and of one of the output.
    """
    return Costs(800 + 55 * layers + 2 * lanes)


class AxiShell(wiring.Component):
    """Stream images through a circuit by AXI4-Stream, controlled and observed by AXI4-Lite.

    Parameters
    ----------
    circuit : wiring.Component
        With code streams ``i`` and ``o``, and, if its layers are to have stall counters, a plain
        output ``stalls``: a structure with a bit for each layer, named after it, that is set in
        cycles in which an output of the layer waits.
    input_beats, output_beats : int
        Beats of an image on each stream.
    build : int
        What the register ``build`` reads as, 32 bits.

    Members
    -------
    aclk : In(1)
        The clock of everything.
    aresetn : In(1)
        Reset, active low, synchronous, for at least 2 cycles.
    s_axi : In(axi_lite(12))
        Control and status; see `hdl.shell.register_map`.
    s_axis : In(axi_stream(code_bytes(input type, lanes)))
        Images, one after the other, TLAST with the last beat of each. Every code is in whole
        bytes, the first lane lowest. A misplaced TLAST is counted and has no other effect.
    m_axis : Out(axi_stream(code_bytes(output type, lanes)))
        Outputs in the same manner; codes are sign-extended if they are signed, else zero-extended.

    Adds 2 cycles to the latency of the circuit and takes one beat per cycle. No output depends
    combinationally on an input but `aresetn`, while which is low nothing is offered and nothing
    taken. Images are taken while ``control.enable`` is set, before it not a beat; the one begun is
    always completed. ``control.reset`` drops what is on its way, an output that is being offered
    included, and leaves registers and counters as they are.
    """

    LATENCY = 2 * SkidBuffer.LATENCY

    def __init__(self, circuit: Any, input_beats: int, output_beats: int, build: int = 0) -> None:
        for name, beats in (("input_beats", input_beats), ("output_beats", output_beats)):
            if beats < 1:
                raise UserError(f"{name} is {beats!r}; allowed: at least 1")
        if not 0 <= build < 1 << 32:
            raise UserError(f"build is {build!r}; allowed: 32 bits")
        self.circuit = circuit
        self.input_beats = input_beats
        self.output_beats = output_beats
        self.build = build
        self.layers = _layers(circuit)
        if len(self.layers) > MAXIMUM_LAYERS:
            raise UserError(
                f"the circuit has {len(self.layers)} layers; the register map has stall counters "
                f"for {MAXIMUM_LAYERS}"
            )
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axi": In(axi_lite(ADDRESS_WIDTH)),
                "s_axis": In(axi_stream(code_bytes(*_codes(circuit, "i")))),
                "m_axis": Out(axi_stream(code_bytes(*_codes(circuit, "o")))),
            }
        )

    @property
    def registers(self) -> tuple[Register, ...]:
        """The register map."""
        return registers(self.layers)

    def elaborate(self, platform: object) -> Module:
        """Connect streams, registers and counters around the circuit."""
        m = Module()
        enable, clear = Signal(name="enable"), Signal(name="clear")
        restart = Signal(name="restart", init=1)
        m.domains.sync = ClockDomain(local=True)
        m.domains.core = ClockDomain(local=True)
        m.d.comb += [
            ClockSignal().eq(self.aclk),
            ResetSignal().eq(~self.aresetn),
            ClockSignal("core").eq(self.aclk),
            ResetSignal("core").eq(restart),
        ]
        in_core = DomainRenamer("core")
        circuit = self.circuit
        source = StreamInput(*_codes(circuit, "i"), self.input_beats)
        sink = StreamOutput(*_codes(circuit, "o"), self.output_beats)
        counters = Counters(self.layers)
        file = RegisterFile(self.registers)
        m.submodules.source = in_core(source)
        m.submodules.core = in_core(circuit)
        m.submodules.sink = in_core(sink)
        m.submodules.counters = counters
        m.submodules.registers = file

        wiring.connect(m, wiring.flipped(self.s_axi), file.axi)
        wiring.connect(m, wiring.flipped(self.s_axis), source.axis)
        wiring.connect(m, source.o, circuit.i)
        wiring.connect(m, circuit.o, sink.i)
        wiring.connect(m, sink.axis, wiring.flipped(self.m_axis))
        self._be_silent_in_reset(m)

        m.d.sync += [restart.eq(0), clear.eq(0)]
        with m.If(file.written.control & file.strobe[0]):
            m.d.sync += [
                enable.eq(file.data[0]),
                restart.eq(file.data[1]),
                clear.eq(file.data[2]),
            ]
        busy = source.unfinished | _images_on_their_way(m, source.begun, sink.ended)
        m.d.comb += [source.enable.eq(enable), counters.clear.eq(clear)]
        happening = {
            "image_begun": source.begun,
            "image_taken": source.ended,
            "image_sent": sink.ended,
            "input_stalled": source.stalled,
            "output_stalled": sink.stalled,
            "tlast_missing": source.tlast_missing,
            "tlast_early": source.tlast_early,
            "code_error": source.code_error,
            "active": enable | busy,
        }
        m.d.comb += [counters.events[name].eq(value) for name, value in happening.items()]
        if self.layers:
            m.d.comb += counters.stalls.as_value().eq(circuit.stalls.as_value())

        shown = {
            "identification": C(IDENTIFICATION, 32),
            "version": Cat(C(VERSION[1], 16), C(VERSION[0], 16)),
            "build": C(self.build, 32),
            "control": enable,
            "status": Cat(busy, ~busy, counters.error),
            "layers": C(len(self.layers), 32),
        }
        for register in self.registers:
            value = shown.get(register.name)
            if value is None:
                value = counters.values[register.name]
            m.d.comb += file.values[register.name].eq(value)
        return m

    def _be_silent_in_reset(self, m: Module) -> None:
        """Hold VALID low from the first moment of a reset, in which registers still say otherwise.

        And READY, so that nothing is taken which the next clock edge drops.
        """
        with m.If(~self.aresetn):
            m.d.comb += [
                self.m_axis.tvalid.eq(0),
                self.s_axis.tready.eq(0),
                self.s_axi.bvalid.eq(0),
                self.s_axi.rvalid.eq(0),
                self.s_axi.awready.eq(0),
                self.s_axi.wready.eq(0),
                self.s_axi.arready.eq(0),
            ]


def _images_on_their_way(m: Module, begun: Value, ended: Value) -> Value:
    """Return whether more images were begun than ended."""
    images = Signal(range(_MAXIMUM_IMAGES + 1), name="images_on_their_way")
    with m.If(begun & ~ended):
        m.d.core += images.eq(images + 1)
    with m.Elif(ended & ~begun):
        m.d.core += images.eq(images - 1)
    return images != 0


def _codes(circuit: Any, port: str) -> tuple[IntegerType, int]:
    """Return type and lanes of a stream of the circuit.

    Raises
    ------
    UserError
        If the circuit has no code stream of that name.
    """
    member = dict(circuit.signature.members).get(port)
    shape = (
        member.signature.members["payload"].shape
        if member is not None
        and member.is_signature
        and isinstance(member.signature, stream.Signature)
        else None
    )
    if not isinstance(shape, data.ArrayLayout):
        raise UserError(f"the circuit has no stream of codes named {port}; the shell needs i and o")
    return type_of(Shape.cast(shape.elem_shape)), shape.length


def _layers(circuit: Any) -> tuple[str, ...]:
    """Return the layers whose stalls the circuit tells."""
    member = dict(circuit.signature.members).get("stalls")
    if member is None:
        return ()
    if not member.is_port or not isinstance(member.shape, data.StructLayout):
        raise UserError("the circuit's output stalls is no structure with a bit for each layer")
    return tuple(member.shape.members)
