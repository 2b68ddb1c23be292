"""A streaming circuit behind AXI4-Stream and AXI4-Lite."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
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
from bittrue.hdl.shell.bus import axi_lite, axi_name, axi_stream, code_bytes
from bittrue.hdl.shell.counters import ERRORS, Counters
from bittrue.hdl.shell.image_counts import all_of, any_of
from bittrue.hdl.shell.interrupts import Interrupts
from bittrue.hdl.shell.register_file import RegisterFile
from bittrue.hdl.shell.register_map import (
    ADDRESS_WIDTH,
    MAXIMUM_LAYERS,
    Register,
    registers,
    stream_counter,
    stream_counters,
)
from bittrue.hdl.shell.skid_buffer import SkidBuffer
from bittrue.hdl.shell.stream_input import StreamInput
from bittrue.hdl.shell.stream_output import StreamOutput

_MAXIMUM_IMAGES = (1 << 16) - 1
"""Images that can be in a circuit at once; each has beats of its own there."""


class AxiShell(wiring.Component):
    """Stream images through a circuit by AXI4-Stream, controlled and observed by AXI4-Lite.

    Parameters
    ----------
    circuit : wiring.Component
        With code streams ``i`` and ``o``, or several ``i_<name>`` and ``o_<name>``, and, if its
        layers are to have stall counters, a plain output ``stalls``: a structure with a bit for
        each layer, named after it, that is set in cycles in which an output of the layer waits.
    beats : mapping of str to int
        Beats of an image on each stream of the circuit, by its name.
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
        ``s_axis_<name>`` for each of several inputs.
    m_axis : Out(axi_stream(code_bytes(output type, lanes)))
        Outputs in the same manner; codes are sign-extended if they are signed, else zero-extended.
        ``m_axis_<name>`` for each of several outputs.
    irq : Out(1)
        The interrupt: high, from a register, while something that `interrupt_enable` names is in
        `interrupt_status`.

    Attributes
    ----------
    restart : Signal
        Not a port: set while the circuit is reset, in the cycle in which the response of the write
        that asked for it is first given.

    Adds 2 cycles to the latency of the circuit and takes one beat per cycle. No output depends
    combinationally on an input but `aresetn`, while which is low nothing is offered and nothing
    taken. Images are taken while ``control.enable`` is set, before it not a beat; the one begun is
    always completed, at every input. ``control.reset`` drops what is on its way, an output that is
    being offered included, and leaves registers and counters as they are.
    """

    LATENCY = 2 * SkidBuffer.LATENCY

    CLOCKS = ("aclk",)
    """Ports of clocks: of the circuit, and of everything else where there is no other."""

    @staticmethod
    def cost(layers: int, streams: int, bits: int) -> Costs:
        """Estimate the shell of a network.

        Parameters
        ----------
        layers : int
            Each with a counter.
        streams : int
        bits : int
            Of a beat of all of them together.
        """
        # The read data is one of a dozen words of 32 bits and one more for each layer; counters
        # are carry chains. A stream has a position, a spare register and what tells its ends.
        reading, counting, control = 420 + 6 * layers, 77, 40
        return Costs(reading + counting + control + 20 * streams + bits)

    def __init__(self, circuit: Any, beats: Mapping[str, int], build: int = 0) -> None:
        self.inputs, self.outputs = _streams(circuit, "i"), _streams(circuit, "o")
        for port in (*self.inputs, *self.outputs):
            if beats[port] < 1:
                raise UserError(f"beats of {port} is {beats[port]!r}; allowed: at least 1")
        if not 0 <= build < 1 << 32:
            raise UserError(f"build is {build!r}; allowed: 32 bits")
        self.circuit = circuit
        self.beats = dict(beats)
        self.build = build
        self.layers = _layers(circuit)
        self.restart = Signal(name="restart", init=1)
        room = MAXIMUM_LAYERS - len(stream_counters(*self._several))
        if len(self.layers) > room:
            raise UserError(
                f"the circuit has {len(self.layers)} layers; the register map has stall counters "
                f"for {room}"
            )
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axi": In(axi_lite(ADDRESS_WIDTH)),
                **{
                    axi_name(port): In(axi_stream(code_bytes(*codes)))
                    for port, codes in self.inputs.items()
                },
                **{
                    axi_name(port): Out(axi_stream(code_bytes(*codes)))
                    for port, codes in self.outputs.items()
                },
                "irq": Out(1),
            }
        )

    @property
    def registers(self) -> tuple[Register, ...]:
        """The register map."""
        return registers(self.layers, *self._several, self.build)

    @property
    def _several(self) -> tuple[list[str], list[str]]:
        """Names of the AXI4-Streams that enter and that leave, none where there is only one."""
        inputs, outputs = (
            [axi_name(port) for port in ports] if len(ports) > 1 else []
            for ports in (self.inputs, self.outputs)
        )
        return inputs, outputs

    def elaborate(self, platform: object) -> Module:
        """Connect streams, registers and counters around the circuit."""
        m = Module()
        enable, clear = Signal(name="enable"), Signal(name="clear")
        restart = self.restart
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
        several = len(self.inputs) > 1
        sources = {
            port: StreamInput(*codes, self.beats[port], several)
            for port, codes in self.inputs.items()
        }
        sinks = {
            port: StreamOutput(*codes, self.beats[port]) for port, codes in self.outputs.items()
        }
        counters = Counters(self.layers, *self._several)
        file = RegisterFile(self.registers)
        for port, source in sources.items():
            m.submodules[f"source{port.removeprefix('i')}"] = in_core(source)
        m.submodules.core = in_core(circuit)
        for port, sink in sinks.items():
            m.submodules[f"sink{port.removeprefix('o')}"] = in_core(sink)
        interrupts = Interrupts(2)
        m.submodules.counters = counters
        m.submodules.interrupts = interrupts
        m.submodules.registers = file

        wiring.connect(m, wiring.flipped(self.s_axi), file.axi)
        for port, source in sources.items():
            wiring.connect(m, wiring.flipped(self._axis(port)), source.axis)
            wiring.connect(m, source.o, getattr(circuit, port))
        for port, sink in sinks.items():
            wiring.connect(m, getattr(circuit, port), sink.i)
            wiring.connect(m, sink.axis, wiring.flipped(self._axis(port)))
        self._be_silent_in_reset(m)

        m.d.sync += [restart.eq(0), clear.eq(0)]
        with m.If(file.written.control & file.strobe[0]):
            m.d.sync += [
                enable.eq(file.data[0]),
                restart.eq(file.data[1]),
                clear.eq(file.data[2]),
            ]
        given, made = list(sources.values()), list(sinks.values())
        sent = all_of(m, "sent", [sink.ended for sink in made])
        if several:
            begun, behind = any_of(m, "begun", [source.entered for source in given])
            # Whatever one input has begun is completed at every input.
            enables = [enable | late for late in behind]
        else:
            begun, enables = given[0].begun, [enable]
        unfinished = _any(source.unfinished for source in given)
        busy = unfinished | _images_on_their_way(m, begun, sent)
        for source, enabled in zip(given, enables, strict=True):
            m.d.comb += source.enable.eq(enabled)
        m.d.comb += counters.clear.eq(clear)
        happening = {
            "image_begun": _any(source.begun for source in given),
            "image_taken": all_of(m, "taken", [source.ended for source in given]),
            "image_sent": sent,
            "input_stalled": _any(source.stalled for source in given),
            "output_stalled": _any(sink.stalled for sink in made),
            "tlast_missing": Cat(source.tlast_missing for source in given),
            "tlast_early": Cat(source.tlast_early for source in given),
            "code_error": Cat(source.code_error for source in given),
            "active": enable | busy,
        }
        inputs, outputs = self._several
        for name, source in zip(inputs, given, strict=False):
            happening |= {
                stream_counter(name, "images"): source.ended,
                stream_counter(name, "stalls"): source.stalled,
                stream_counter(name, "tlast_missing"): source.tlast_missing,
                stream_counter(name, "tlast_early"): source.tlast_early,
                stream_counter(name, "code_errors"): source.code_error,
            }
        for name, sink in zip(outputs, made, strict=False):
            happening |= {
                stream_counter(name, "images"): sink.ended,
                stream_counter(name, "stalls"): sink.stalled,
            }
        m.d.comb += [counters.events[name].eq(value) for name, value in happening.items()]
        errors = Cat(happening[name] for name in ERRORS)
        m.d.comb += [
            interrupts.happens.eq(Cat(sent, errors.any())),
            interrupts.enables.eq(file.written.interrupt_enable & file.strobe[0]),
            interrupts.clears.eq(file.written.interrupt_status & file.strobe[0]),
            interrupts.data.eq(file.data[:2]),
            self.irq.eq(interrupts.interrupt),
        ]
        if self.layers:
            m.d.comb += counters.stalls.as_value().eq(circuit.stalls.as_value())

        shown = {
            "control": enable,
            "status": Cat(busy, ~busy, counters.error),
            "interrupt_enable": interrupts.enabled,
            "interrupt_status": interrupts.happened,
        }
        for register in self.registers:
            if register.constant is not None:
                value = C(register.constant, 32)
            elif register.name in shown:
                value = shown[register.name]
            else:
                value = counters.values[register.name]
            m.d.comb += file.values[register.name].eq(value)
        return m

    def _axis(self, port: str) -> Any:
        return getattr(self, axi_name(port))

    def _be_silent_in_reset(self, m: Module) -> None:
        """Hold VALID low from the first moment of a reset, in which registers still say otherwise.

        And READY, so that nothing is taken which the next clock edge drops.
        """
        with m.If(~self.aresetn):
            m.d.comb += [
                *(self._axis(port).tvalid.eq(0) for port in self.outputs),
                *(self._axis(port).tready.eq(0) for port in self.inputs),
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


def _any(values: Iterable[Value]) -> Value:
    return reduce(or_, values)


def _streams(circuit: Any, kind: str) -> dict[str, tuple[IntegerType, int]]:
    """Return type and lanes of the streams of the circuit in one direction, by name.

    Raises
    ------
    UserError
        If the circuit has no code stream of that name.
    """
    members = dict(circuit.signature.members)
    ports = [name for name in members if name == kind or name.startswith(f"{kind}_")] or [kind]
    return {port: _codes(members.get(port), port) for port in ports}


def _codes(member: Any, port: str) -> tuple[IntegerType, int]:
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
