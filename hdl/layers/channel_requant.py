# amaranth: UnusedElaboratable=no
# Planning asks circuits for their cycles and resources, and throws them away.
"""Accumulators of all channels to codes, some channels at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import Certified, FixedPoint, Requantization
from golden.numbers.integer_type import IntegerType
from golden.numbers.requant_spec import RequantChannels
from hdl.blocks.look_up import LOOK_UP_LATENCY, looked_up, stored_width
from hdl.blocks.memory import Memory
from hdl.blocks.pipeline import FreePipeline
from hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from hdl.layers.beatwise import Beatwise
from hdl.layers.codes import check_lanes, code_stream
from hdl.layers.position import Position
from hdl.units.certified_requant import CertifiedRequantizer, certified_latency
from hdl.units.requant import Requantizer, channel_layout, encode_channels

Int64 = NDArray[np.int64]


def channel_requantizer_latency(requantization: Requantization | None, biased: bool) -> int:
    """Return the cycles that a `ChannelRequantizer` without a FIFO takes."""
    inner = 0
    if isinstance(requantization, Certified):
        inner = certified_latency(requantization.certificate)
    elif isinstance(requantization, FixedPoint):
        inner = Requantizer.LATENCY
    return _preparation(requantization, biased) + inner


def _preparation(requantization: Requantization | None, biased: bool) -> int:
    """Return the cycles for looking up what depends on the channel, and for adding the bias."""
    looks_up = biased or isinstance(requantization, FixedPoint)
    return LOOK_UP_LATENCY * looks_up + biased


class ChannelRequantizer(Beatwise):
    """Add each channel's bias to its accumulators and scale them to codes.

        o[j] = requantize(i[j] + bias[channel], channel)

    Lane `j` of the beats holds channels ``j``, ``j + lanes``, ``j + 2 * lanes``, ... in turn.

    Parameters
    ----------
    requantization : Certified, FixedPoint or None
        One entry per channel or one for all; None keeps the accumulators.
    accumulator : IntegerType
        Signed; holds every accumulator with its bias. Without it, an accumulator may be reduced
        modulo this type's range.
    bias : ndarray of int64, shape (channels,), or None
        Added first.
    channels, lanes : int
        Lanes divide the channels.
    name : str
        Prefix of the names of ROM files; unique within a design.
    memory : Memory, optional
        What the ROMs are made of; see `hdl.blocks.rom.Rom`.
    stalls : bool
        Whether the output may wait. Without, ``i.ready`` is always high, and ``o.ready`` must be.

    Members
    -------
    i : In(stream)
        Accumulators, `lanes` to a beat, channels in order and over again.
    o : Out(stream)
        Codes in the same order; accumulators without requantization.

    Latency `latency` cycles; one beat per cycle. Nothing inside ever stalls: while codes wait in
    the FIFO at the end, beats are accepted as long as it has room for all that are under way, which
    registers alone say. Each lane has a requantizer of its own with its channels' constants, so a
    constant that a lane's channels share takes no memory.
    """

    def __init__(
        self,
        requantization: Requantization | None,
        accumulator: IntegerType,
        bias: Int64 | None,
        channels: int,
        lanes: int,
        name: str = "requant",
        memory: Memory | None = None,
        stalls: bool = True,
    ) -> None:
        check_lanes(lanes, channels)
        if bias is not None and bias.shape != (channels,):
            raise UserError(f"bias has shape {bias.shape}; allowed: ({channels},)")
        if requantization is not None and len(requantization) not in (1, channels):
            raise UserError(
                f"requantization has {len(requantization)} entries; allowed: 1 or {channels}"
            )
        self.requantization = requantization
        self.accumulator = accumulator
        self.bias = bias
        self.channels = channels
        self.lanes = lanes
        self.name = name
        self.memory = memory
        self.stalls = stalls
        self._columns: dict[str, Int64] = {}
        if bias is not None:
            self._columns |= self._by_lane("bias", bias.astype(np.int64))
        if isinstance(requantization, FixedPoint):
            self._narrow = self._narrowed(requantization)
            for member, values in encode_channels(self._narrow).items():
                self._columns |= self._by_lane(member, values)
        output = accumulator if requantization is None else requantization.output
        super().__init__(
            {"i": In(code_stream(accumulator, lanes)), "o": Out(code_stream(output, lanes))}, lanes
        )

    @property
    def latency(self) -> int:
        """Cycles from an accepted beat to its codes."""
        return self._stages + BUFFER_LATENCY * self.stalls

    @property
    def _stages(self) -> int:
        return channel_requantizer_latency(self.requantization, self.bias is not None)

    @property
    def rom_shapes(self) -> list[tuple[int, int]]:
        """Width and words of each ROM; no width where there is none."""
        certified = [
            each.rom_shape
            for each in self._requantizers()
            if isinstance(each, CertifiedRequantizer)
        ]
        return [(stored_width(self._columns), self.channels // self.lanes), *certified]

    def _by_lane(self, name: str, values: Int64) -> dict[str, Int64]:
        every = np.broadcast_to(values, self.channels)
        return {f"{name}_{lane}": every[lane :: self.lanes] for lane in range(self.lanes)}

    def _narrowed(self, requantization: FixedPoint) -> RequantChannels:
        """Return the channels of a requantizer no more general than they need."""
        given = requantization.channels
        spec = replace(
            given.spec,
            accumulator=self.accumulator,
            minimum_exponent=int(given.exponent.min()),
            maximum_exponent=int(given.exponent.max()),
            roundings=(requantization.rounding,),
        )
        return RequantChannels(
            spec,
            given.multiplier,
            given.exponent,
            given.zero_point,
            given.minimum,
            given.maximum,
        )

    def _requantizers(self) -> Sequence[CertifiedRequantizer | Requantizer]:
        """Return a requantizer for each lane, none if accumulators are kept."""
        if self.requantization is None:
            return ()
        if isinstance(self.requantization, FixedPoint):
            return [Requantizer(self._narrow.spec, stalls=False) for _ in range(self.lanes)]
        certificate = self.requantization.certificate
        return [
            CertifiedRequantizer(
                certificate.select(range(lane % len(certificate), len(certificate), self.lanes)),
                self.accumulator,
                self.requantization.output,
                f"{self.name}_{lane}",
                self.memory,
                stalls=False,
            )
            for lane in range(self.lanes)
        ]

    def elaborate(self, platform: object) -> Module:
        """Look up constants, add biases, and hand each lane to its requantizer."""
        m = Module()
        beat, results = buffered(m, self.i, self.o, self._stages, stalls=self.stalls)
        group: Value = Position(m, "group", [self.channels // self.lanes], beat).index[0]
        accumulators = [self.i.payload[lane] for lane in range(self.lanes)]
        prepared, constants = beat, {}
        if self._columns:
            cycles = _preparation(self.requantization, self.bias is not None)
            pipeline = FreePipeline(m, platform, beat, cycles)
            prepared = pipeline.valid[-1]
            constants = looked_up(
                m, pipeline, f"{self.name}_lanes", group, self._columns, self.memory
            )
            accumulators = [
                pipeline.register(f"accumulator_{lane}", value, LOOK_UP_LATENCY)
                for lane, value in enumerate(accumulators)
            ]
            if self.bias is not None:
                width = self.accumulator.width
                accumulators = [
                    pipeline.register(
                        f"biased_{lane}", (value + constants[f"bias_{lane}"])[:width].as_signed()
                    )
                    for lane, value in enumerate(accumulators)
                ]
                constants = {
                    name: pipeline.register(f"{name}_late", value)
                    for name, value in constants.items()
                    if not name.startswith("bias_")
                }
            group = pipeline.register("group", group, cycles)
        requantizers = self._requantizers()
        if requantizers:
            self._connect(m, requantizers, prepared, accumulators, constants, group, results)
        else:
            m.d.comb += [
                results.valid.eq(prepared),
                results.payload.as_value().eq(Cat(accumulators)),
            ]
        return m

    def _connect(
        self,
        m: Module,
        requantizers: Sequence[CertifiedRequantizer | Requantizer],
        prepared: Value,
        accumulators: list[Value],
        constants: dict[str, Value],
        group: Value,
        results: Any,
    ) -> None:
        """Feed all lanes alike: they have one latency, so they move together."""
        for lane, requantizer in enumerate(requantizers):
            m.submodules[f"requantizer_{lane}"] = requantizer
            m.d.comb += [
                requantizer.i.valid.eq(prepared),
                requantizer.i.payload.accumulator.eq(accumulators[lane]),
                requantizer.o.ready.eq(1),
            ]
            if isinstance(requantizer, CertifiedRequantizer):
                m.d.comb += requantizer.i.payload.channel.eq(group)
                continue
            channel = requantizer.i.payload.channel
            m.d.comb += [
                channel[member].eq(constants[f"{member}_{lane}"])
                for member in channel_layout(requantizer.spec).members
            ]
        m.d.comb += [
            results.valid.eq(requantizers[0].o.valid),
            results.payload.as_value().eq(Cat(each.o.payload for each in requantizers)),
        ]
