"""The generic requantizer: any multiplier, shift and zero point at run time, any rounding."""

from amaranth.hdl import C, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY, multiply
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.rounding_shift import (
    LEFT_SHIFT_OFFSET,
    ROUNDING_SHIFT_LATENCY,
    RoundingShift,
    shift_width,
)
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.blocks.staged import Staged, computed, passed
from bittrue.hdl.blocks.xorshift import Xorshift32


def channel_layout(spec: RequantSpec) -> data.StructLayout:
    """Layout of what a channel adds to its accumulators.

    Members: ``multiplier`` (unsigned), ``shift`` (`shift_width` bits, unsigned), ``zero_point``,
    ``minimum`` and ``maximum`` (of the output type).
    """
    code = shape_of(spec.output)
    return data.StructLayout(
        {
            "multiplier": spec.multiplier_width,
            "shift": shift_width(spec),
            "zero_point": code,
            "minimum": code,
            "maximum": code,
        }
    )


class Requantizer(wiring.Component):
    """Scale an accumulator to an output code.

        o.payload = clamp(round(accumulator * multiplier / 2**shift) + zero_point)

    Parameters
    ----------
    spec : RequantSpec
        Widths, exponents and roundings; the golden model computes with the same object.
    random_seed : int
        Start of the generator for stochastic rounding, 1 to 2**32 - 1.
    stalls : bool
        Whether the output may wait, and everything with it. Without, nothing in it ever holds:
        ``i.ready`` is always high, and ``o.ready`` must be.

    Members
    -------
    i : In(stream.Signature(...))
        ``accumulator`` and ``channel`` (see `channel_layout`). Every shift that its width can hold
        is carried out; values outside the spec's exponents are shifts like any other.
    o : Out(stream.Signature(...))
        Output codes, in order.
    rounding : In(range(len(spec.roundings)))
        Index into ``spec.roundings``; present when there is more than one. To be changed only
        while the pipeline is empty.

    Latency 10 cycles, one result per cycle; all stages hold while the output waits, and ``i.ready``
    follows ``o.ready``. The product keeps all ``accumulator + multiplier`` bits. After the shift
    only ``output + 1`` bits are kept and saturated: a zero point is a code, so a larger value
    clamps whatever the zero point is.
    """

    LATENCY = MULTIPLY_LATENCY + ROUNDING_SHIFT_LATENCY + 2

    def __init__(self, spec: RequantSpec, random_seed: int = 1, stalls: bool = True) -> None:
        if not 1 <= random_seed < 1 << 32:
            raise UserError(f"random_seed is {random_seed!r}; allowed: 1 to {(1 << 32) - 1}")
        self.spec = spec
        self.random_seed = random_seed
        self.stalls = stalls
        payload = data.StructLayout(
            {"accumulator": shape_of(spec.accumulator), "channel": channel_layout(spec)}
        )
        members = {
            "i": In(stream.Signature(payload)),
            "o": Out(stream.Signature(shape_of(spec.output))),
        }
        if len(spec.roundings) > 1:
            members["rounding"] = In(range(len(spec.roundings)))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build multiplier, funnel shifter, rounding and clamp."""
        m = Module()
        spec = self.spec
        pipeline = Pipeline(m, platform, self.i, self.o, self.LATENCY, self.stalls)

        channel = {
            name: Staged(pipeline, name, self.i.payload.channel[name])
            for name in channel_layout(spec).members
        }
        accumulator = Staged(pipeline, "accumulator", self.i.payload.accumulator)
        product = passed(
            "product",
            MULTIPLY_LATENCY,
            lambda value, multiplier: multiply(pipeline, "product", value, multiplier),
            accumulator,
            channel["multiplier"],
        )
        shifts = RoundingShift(
            m,
            pipeline,
            spec,
            product.at(product.stage),
            channel["shift"].at(product.stage),
            self._rounding(),
            self._random(m, pipeline, product.stage + ROUNDING_SHIFT_LATENCY - 1),
        )
        stage = product.stage + ROUNDING_SHIFT_LATENCY
        rounded = computed(
            "rounded",
            lambda value, step, zero_point: value + zero_point + step,
            Staged(pipeline, "shifted", shifts.value, stage),
            Staged(pipeline, "step", shifts.step, stage),
            channel["zero_point"],
        )

        def clamped(value: Value, minimum: Value, maximum: Value) -> Value:
            width = spec.output.width
            inside = Mux(value > maximum, maximum, value[:width])
            return Mux(value < minimum, minimum, inside)[:width]

        code = computed("code", clamped, rounded, channel["minimum"], channel["maximum"])
        m.d.comb += self.o.payload.eq(code.at(self.LATENCY))
        return m

    def _rounding(self) -> Value:
        return self.rounding if len(self.spec.roundings) > 1 else C(0)

    def _random(self, m: Module, pipeline: Pipeline, stage: int) -> Value:
        """Return the random number of the accumulator that is rounded in a stage, one each."""
        if Rounding.STOCHASTIC not in self.spec.roundings:
            return C(0, RANDOM_BITS)
        m.submodules.random = random = Xorshift32(self.random_seed)
        m.d.comb += random.step.eq(pipeline.arriving(stage))
        return random.state[:RANDOM_BITS]


def encode_channels(channels: RequantChannels) -> dict[str, Int64]:
    """Return the values of `channel_layout`, an array over channels for each member."""
    offset = LEFT_SHIFT_OFFSET if channels.spec.maximum_exponent > 0 else 0
    return {
        "multiplier": channels.multiplier,
        "shift": offset - channels.exponent,
        "zero_point": channels.zero_point,
        "minimum": channels.minimum,
        "maximum": channels.maximum,
    }
