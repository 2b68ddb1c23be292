"""One stream to several consumers."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.beatwise import Beatwise
from bittrue.hdl.layers.parts.codes import code_stream


class Fork(Beatwise):
    """Give every beat to each of several consumers.

        o0[k] = o1[k] = ... = i[k]

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    lanes : int
        Elements of a beat.
    outputs : int
        Consumers, at least 1.

    Members
    -------
    i : In(stream)
        Beats.
    o0, o1, ... : Out(stream)
        The same beats.

    No latency: a beat is offered to every consumer as it is on the input, and is taken from the
    input once all of them have taken it, each in a cycle of its own choosing. ``valid`` of an
    output does not depend on ``ready`` of any.
    """

    latency = 0

    def __init__(self, kind: IntegerType, lanes: int, outputs: int) -> None:
        if outputs < 1:
            raise UserError(f"outputs is {outputs}; allowed: at least 1")
        self.outputs = outputs
        streams: dict[str, wiring.Member] = {"i": In(code_stream(kind, lanes))}
        streams |= {f"o{index}": Out(code_stream(kind, lanes)) for index in range(outputs)}
        super().__init__(streams, lanes)

    def elaborate(self, platform: object) -> Module:
        """Remember who has taken the present beat."""
        m = Module()
        outputs = [getattr(self, f"o{index}") for index in range(self.outputs)]
        taken = Signal(self.outputs)
        having = Cat(
            done | (output.valid & output.ready)
            for done, output in zip(taken, outputs, strict=True)
        )
        m.d.comb += self.i.ready.eq(Cat(
            done | output.ready for done, output in zip(taken, outputs, strict=True)
        ).all())  # fmt: skip
        for done, output in zip(taken, outputs, strict=True):
            m.d.comb += [
                output.valid.eq(self.i.valid & ~done),
                output.payload.eq(self.i.payload),
            ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += taken.eq(0)
        with m.Else():
            m.d.sync += taken.eq(having)
        return m
