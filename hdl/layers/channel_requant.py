"""Accumulators of all channels to codes, some channels at a time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import Certified, FixedPoint, Requantization
from golden.integer_type import IntegerType
from golden.requant_spec import RequantChannels
from hdl.certified_requant import CertifiedRequantizer
from hdl.layers.beatwise import Beatwise
from hdl.layers.codes import check_lanes, code_stream
from hdl.layers.position import Position
from hdl.look_up import look_up
from hdl.pipeline import Pipeline
from hdl.requant import Requantizer, channel_layout, encode_channels

Int64 = NDArray[np.int64]


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

    Members
    -------
    i : In(stream)
        Accumulators, `lanes` to a beat, channels in order and over again.
    o : Out(stream)
        Codes in the same order; accumulators without requantization.

    Latency `latency` cycles: 6 or 7 by certificate, 11 by multiplier and shift of any size, 1 or
    2 more for the bias; one beat per cycle, full throughput under back-pressure. Each lane has a
    requantizer of its own with its channels' constants, so a constant that a lane's channels
    share takes no memory.
    """

    def __init__(
        self,
        requantization: Requantization | None,
        accumulator: IntegerType,
        bias: Int64 | None,
        channels: int,
        lanes: int,
        name: str = "requant",
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
        self._columns: dict[str, Int64] = {}
        self._requantizers: Sequence[CertifiedRequantizer | Requantizer] = ()
        if bias is not None:
            self._columns |= self._by_lane("bias", bias.astype(np.int64))
        if isinstance(requantization, Certified):
            self._requantizers = self._certified(requantization)
        elif isinstance(requantization, FixedPoint):
            self._requantizers = self._generic(requantization)
        output = accumulator if requantization is None else requantization.output
        super().__init__(
            {"i": In(code_stream(accumulator, lanes)), "o": Out(code_stream(output, lanes))}, lanes
        )

    @property
    def latency(self) -> int:
        """Cycles from an accepted beat to its codes."""
        inner = 0
        for requantizer in self._requantizers:
            certified = isinstance(requantizer, CertifiedRequantizer)
            inner = requantizer.latency if certified else Requantizer.LATENCY
        return self._preparation + inner

    @property
    def _preparation(self) -> int:
        """Cycles for looking up what depends on the channel, and for adding the bias."""
        return (len(self._columns) > 0) + (self.bias is not None)

    def _by_lane(self, name: str, values: Int64) -> dict[str, Int64]:
        every = np.broadcast_to(values, self.channels)
        return {f"{name}_{lane}": every[lane :: self.lanes] for lane in range(self.lanes)}

    def _certified(self, requantization: Certified) -> list[CertifiedRequantizer]:
        certificate = requantization.certificate
        return [
            CertifiedRequantizer(
                certificate.select(range(lane % len(certificate), len(certificate), self.lanes)),
                self.accumulator,
                requantization.output,
                f"{self.name}_{lane}",
            )
            for lane in range(self.lanes)
        ]

    def _generic(self, requantization: FixedPoint) -> list[Requantizer]:
        """Return requantizers no more general than the channels need, and note their constants."""
        given = requantization.channels
        spec = replace(
            given.spec,
            accumulator=self.accumulator,
            minimum_exponent=int(given.exponent.min()),
            maximum_exponent=int(given.exponent.max()),
            roundings=(requantization.rounding,),
        )
        channels = RequantChannels(
            spec,
            given.multiplier,
            given.exponent,
            given.zero_point,
            given.minimum,
            given.maximum,
        )
        for member, values in encode_channels(channels).items():
            self._columns |= self._by_lane(member, values)
        return [Requantizer(spec) for _ in range(self.lanes)]

    def elaborate(self, platform: object) -> Module:
        """Look up constants, add biases, and hand each lane to its requantizer."""
        m = Module()
        beat = self.i.valid & self.i.ready
        group: Value = Position(m, "group", [self.channels // self.lanes], beat).index[0]
        accumulators = [self.i.payload[lane] for lane in range(self.lanes)]
        prepared, constants = self.i, {}
        if self._columns:
            prepared = stream.Signature(0).create()
            pipeline = Pipeline(m, platform, self.i, prepared, self._preparation)
            constants = look_up(m, pipeline, f"{self.name}_lanes", group, self._columns)
            accumulators = [
                pipeline.register(f"accumulator_{lane}", value)
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
            group = pipeline.register("group", group, self._preparation)
        if self._requantizers:
            self._connect_requantizers(m, prepared, accumulators, constants, group)
        else:
            m.d.comb += [
                self.o.valid.eq(prepared.valid),
                prepared.ready.eq(self.o.ready),
                self.o.payload.as_value().eq(Cat(accumulators)),
            ]
        return m

    def _connect_requantizers(
        self,
        m: Module,
        prepared: stream.Interface,
        accumulators: list[Value],
        constants: dict[str, Value],
        group: Value,
    ) -> None:
        """Feed all lanes alike: they have one latency, so they move together."""
        for lane, requantizer in enumerate(self._requantizers):
            m.submodules[f"requantizer_{lane}"] = requantizer
            m.d.comb += [
                requantizer.i.valid.eq(prepared.valid),
                requantizer.i.payload.accumulator.eq(accumulators[lane]),
                requantizer.o.ready.eq(self.o.ready),
            ]
            if isinstance(requantizer, CertifiedRequantizer):
                m.d.comb += requantizer.i.payload.channel.eq(group)
                continue
            channel = requantizer.i.payload.channel
            m.d.comb += [
                channel[member].eq(constants[f"{member}_{lane}"])
                for member in channel_layout(requantizer.spec).members
            ]
        first = self._requantizers[0]
        m.d.comb += [
            prepared.ready.eq(first.i.ready),
            self.o.valid.eq(first.o.valid),
            self.o.payload.as_value().eq(Cat(each.o.payload for each in self._requantizers)),
        ]
