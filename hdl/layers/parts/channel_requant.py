"""Accumulators of all channels to codes, some channels at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from amaranth.hdl import Cat, Module, Shape, Value
from amaranth.lib.wiring import In, Out

from bittrue.golden.certificates.certificate import Certificate
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Certified, FixedPoint, Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.hdl.blocks.look_up import LOOK_UP_LATENCY, looked_up, stored_width
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.multiply import hardware_multipliers
from bittrue.hdl.blocks.pipeline import FreePipeline
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import rom_cost, usual_rom_cost
from bittrue.hdl.layers.parts.beatwise import Beatwise
from bittrue.hdl.layers.parts.codes import check_lanes, code_stream
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.units.certified_requant import (
    CertifiedRequantizer,
    certificate_columns,
    certificate_multipliers,
    certificate_tables,
    certified_latency,
    logic_product_bits,
)
from bittrue.hdl.units.requant import Requantizer, channel_layout, encode_channels


@dataclass(frozen=True, eq=False)
class ChannelRequantSpec:
    """What becomes of the accumulators of all channels.

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
    memory : Memory, optional
        What the ROMs are made of; see `hdl.blocks.rom.Rom`.
    in_logic : bool
        Whether certificates are multiplied by in tables, in place of hardware multipliers.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    requantization: Requantization | None
    accumulator: IntegerType
    bias: Int64 | None
    channels: int
    lanes: int
    memory: Memory | None = None
    in_logic: bool = False

    def __post_init__(self) -> None:
        check_lanes(self.lanes, self.channels)
        if self.bias is not None and self.bias.shape != (self.channels,):
            raise UserError(f"bias has shape {self.bias.shape}; allowed: ({self.channels},)")
        given = self.requantization
        if given is not None and len(given) not in (1, self.channels):
            raise UserError(
                f"requantization has {len(given)} entries; allowed: 1 or {self.channels}"
            )

    @property
    def output(self) -> IntegerType:
        """Type of the codes."""
        return self.accumulator if self.requantization is None else self.requantization.output

    @property
    def latency(self) -> int:
        """Cycles from an accepted beat to its codes, without a FIFO."""
        inner = 0
        if isinstance(self.requantization, Certified):
            inner = certified_latency(self.requantization.certificate, self.in_logic)
        elif isinstance(self.requantization, FixedPoint):
            inner = Requantizer.LATENCY
        return self.preparation + inner

    @property
    def preparation(self) -> int:
        """Cycles for looking up what depends on the channel, and for adding the bias."""
        biased = self.bias is not None
        looks_up = biased or isinstance(self.requantization, FixedPoint)
        return LOOK_UP_LATENCY * looks_up + biased

    @cached_property
    def narrowed(self) -> RequantChannels:
        """The channels of a requantizer no more general than they need."""
        assert isinstance(self.requantization, FixedPoint)
        given = self.requantization.channels
        spec = replace(
            given.spec,
            accumulator=self.accumulator,
            minimum_exponent=int(given.exponent.min()),
            maximum_exponent=int(given.exponent.max()),
            roundings=(self.requantization.rounding,),
        )
        return RequantChannels(
            spec,
            given.multiplier,
            given.exponent,
            given.zero_point,
            given.minimum,
            given.maximum,
        )

    @cached_property
    def columns(self) -> dict[str, Int64]:
        """What is looked up for each group of channels: biases, and what requantizers are given."""
        columns: dict[str, Int64] = {}
        if self.bias is not None:
            columns |= self._by_lane("bias", self.bias.astype(np.int64))
        if isinstance(self.requantization, FixedPoint):
            for member, values in encode_channels(self.narrowed).items():
                columns |= self._by_lane(member, values)
        return columns

    def certificates(self) -> list[Certificate]:
        """Return the certificate of each lane; none where there are no certificates."""
        if not isinstance(self.requantization, Certified):
            return []
        whole = self.requantization.certificate
        count = len(whole)
        return [whole.select(range(lane % count, count, self.lanes)) for lane in range(self.lanes)]

    @property
    def rom_shapes(self) -> list[tuple[int, int]]:
        """Width and words of each ROM; no width where there is none."""
        certified = [
            (stored_width(certificate_columns(each)), len(each)) for each in self.certificates()
        ]
        return [(stored_width(self.columns), self.channels // self.lanes), *certified]

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes but for its ROMs, estimated."""
        biasing = Costs(0 if self.bias is None else self.accumulator.width * self.lanes)
        if self.requantization is None:
            return biasing
        if not isinstance(self.requantization, Certified):
            spec = self.narrowed.spec
            shapes = Shape(self.accumulator.width, True), Shape(spec.multiplier_width)
            each = hardware_multipliers(*shapes)
            # Rounding, zero point and clamp, and shifts by what a channel says.
            shifting = 3 * spec.multiplier_width * (spec.minimum_exponent < spec.maximum_exponent)
            tables = 60 + 8 * each + 4 * self.output.width + shifting
            return biasing + Costs(tables, each) * self.lanes
        if self.in_logic:
            bits = logic_product_bits(self.requantization.certificate)
            return biasing + Costs(120 + 2 * bits) * self.lanes
        certificates = self.certificates()
        products = sum(map(certificate_multipliers, certificates))
        tables = sum(certificate_tables(each, self.accumulator) for each in certificates)
        return biasing + Costs(tables, products)

    def memory_costs(self, memory: Memory, fabric: Fabric) -> Costs:
        """Return what the ROMs take in a kind of memory, estimated."""
        width, words = np.array(self.rom_shapes, dtype=np.int64).T
        return rom_cost(width, words, memory, fabric).sum()

    def usual_costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes with ROMs of what suits their sizes, estimated."""
        roms = [usual_rom_cost(width, words, fabric) for width, words in self.rom_shapes]
        return sum(roms, self.costs(fabric)).sum()

    def _by_lane(self, name: str, values: Int64) -> dict[str, Int64]:
        every = np.broadcast_to(values, self.channels)
        return {f"{name}_{lane}": every[lane :: self.lanes] for lane in range(self.lanes)}


class ChannelRequantizer(Beatwise):
    """Add each channel's bias to its accumulators and scale them to codes.

        o[j] = requantize(i[j] + bias[channel], channel)

    Lane `j` of the beats holds channels ``j``, ``j + lanes``, ``j + 2 * lanes``, ... in turn.

    Parameters
    ----------
    spec : ChannelRequantSpec
        Scales, biases and lanes.
    name : str
        Prefix of the names of ROM files; unique within a design.
    stalls : bool
        Whether the output may wait. Without, there is no FIFO: ``i.ready`` is always high, and
        ``o.ready`` must be.

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
        self, spec: ChannelRequantSpec, name: str = "requant", stalls: bool = True
    ) -> None:
        self.spec = spec
        self.name = name
        self.stalls = stalls
        super().__init__(
            {
                "i": In(code_stream(spec.accumulator, spec.lanes)),
                "o": Out(code_stream(spec.output, spec.lanes)),
            },
            spec.lanes,
        )

    @property
    def latency(self) -> int:
        """Cycles from an accepted beat to its codes."""
        return self.spec.latency + BUFFER_LATENCY * self.stalls

    def _requantizers(self) -> Sequence[CertifiedRequantizer | Requantizer]:
        """Return a requantizer for each lane, none if accumulators are kept."""
        spec = self.spec
        if isinstance(spec.requantization, FixedPoint):
            return [Requantizer(spec.narrowed.spec, stalls=False) for _ in range(spec.lanes)]
        return [
            CertifiedRequantizer(
                certificate,
                spec.accumulator,
                spec.output,
                f"{self.name}_{lane}",
                spec.memory,
                spec.in_logic,
                stalls=False,
            )
            for lane, certificate in enumerate(spec.certificates())
        ]

    def elaborate(self, platform: object) -> Module:
        """Look up constants, add biases, and hand each lane to its requantizer."""
        m = Module()
        spec = self.spec
        beat, results = buffered(m, self.i, self.o, spec.latency, stalls=self.stalls)
        group: Value = Position(m, "group", [spec.channels // self.lanes], beat).index[0]
        accumulators = [self.i.payload[lane] for lane in range(self.lanes)]
        prepared, constants = beat, {}
        if spec.columns:
            cycles = spec.preparation
            pipeline = FreePipeline(m, platform, beat, cycles)
            prepared = pipeline.valid[-1]
            constants = looked_up(
                m, pipeline, f"{self.name}_lanes", group, spec.columns, spec.memory
            )
            accumulators = [
                pipeline.register(f"accumulator_{lane}", value, LOOK_UP_LATENCY)
                for lane, value in enumerate(accumulators)
            ]
            if spec.bias is not None:
                width = spec.accumulator.width
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
        """Feed all lanes alike: they have one latency."""
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
