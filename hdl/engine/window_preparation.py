"""What a walk of windows needs to know that instructions do not say: products of their fields."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration

PLACE_BITS = 16
"""Of rows, columns, and counts of them."""

STEP_BITS = 8
"""Of strides and dilations."""


def window_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what a `Matrix` or a `Pool` says, in as many bits as are used.

    Members as of `golden.engine.instruction`, and ``by_plane``: planes are walked one after the
    other, each with outputs of its own, rather than summed. What one of the two instructions lacks
    is 0, but 1 for ``words`` and ``passes``.
    """
    return data.StructLayout(
        {
            "input": range(engine.input_words),
            "plane": range(engine.input_words + 1),
            "output": range(engine.output_words),
            "pitch": PLACE_BITS,
            "height": PLACE_BITS,
            "width": PLACE_BITS,
            "rows": PLACE_BITS,
            "columns": PLACE_BITS,
            "kernel_y": PLACE_BITS,
            "kernel_x": PLACE_BITS,
            "planes": PLACE_BITS,
            "top": signed(PLACE_BITS),
            "left": signed(PLACE_BITS),
            "stride_y": STEP_BITS,
            "stride_x": STEP_BITS,
            "dilation_y": STEP_BITS,
            "dilation_x": STEP_BITS,
            "pad": signed(8),
            "words": range(engine.group_words + 1),
            "passes": STEP_BITS,
            "weights": range(engine.weight_rows),
            "records": range(engine.records),
            "minimum": signed(8),
            "maximum": signed(8),
            "by_plane": 1,
        }
    )


def prepared_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a window and of what follows from it.

    Members: ``window``; ``origin``, word of the first tap of the first output; ``stride`` and
    ``tap_row``, words from one row of outputs and of taps to the next; ``total``, pixels. All
    modulo powers of two that addresses do not reach.
    """
    words = Shape.cast(range(engine.input_words)).width
    return data.StructLayout(
        {
            "window": window_layout(engine),
            "origin": words,
            "stride": words,
            "tap_row": words,
            "total": range(engine.output_words + 1),
        }
    )


class WindowPreparation(wiring.Component):
    """Multiply fields of an instruction, bit by bit, while the one before it is walked.

        origin = input + top * pitch + left
        stride = stride_y * pitch;  tap_row = dilation_y * pitch;  total = rows * columns

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        See `window_layout`.
    o : Out(stream.Signature(...))
        See `prepared_layout`. From registers.

    Takes an instruction when the one before it was taken from it, and as many cycles as the
    greatest of `stride_y`, `dilation_y`, `rows` and the magnitude of `top` has bits, and two.
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(window_layout(engine))),
                "o": Out(stream.Signature(prepared_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sums, and what is left of the factors."""
        m = Module()
        given, words = self.i.payload, len(self.o.payload.origin)
        window = Signal(window_layout(self.engine), name="window")
        multiplies, holds = Signal(name="multiplies"), Signal(name="holds")
        pitch, columns = Signal(words, name="pitch"), Signal.like(self.o.payload.total)
        stride_y, dilation_y = Signal(STEP_BITS, name="stride_y"), Signal(STEP_BITS, name="tap_y")
        top, rows = Signal(PLACE_BITS, name="top"), Signal(PLACE_BITS, name="rows")
        origin, stride = Signal(words, name="origin"), Signal(words, name="stride")
        tap_row, total = Signal(words, name="tap_row"), Signal.like(columns, name="total")
        made = self.o.payload
        m.d.comb += [
            self.i.ready.eq(~multiplies & ~holds),
            self.o.valid.eq(holds),
            made.window.eq(window),
            made.origin.eq(origin),
            made.stride.eq(stride),
            made.tap_row.eq(tap_row),
            made.total.eq(total),
        ]
        with m.If(self.o.ready):
            m.d.sync += holds.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                window.eq(given),
                multiplies.eq(1),
                pitch.eq(given.pitch),
                columns.eq(given.columns),
                stride_y.eq(given.stride_y),
                dilation_y.eq(given.dilation_y),
                rows.eq(given.rows),
                top.eq(Mux(given.top < 0, -given.top, given.top)),
                origin.eq(given.input + given.left),
                stride.eq(0),
                tap_row.eq(0),
                total.eq(0),
            ]
        with m.If(multiplies):
            m.d.sync += [
                pitch.eq(pitch << 1),
                columns.eq(columns << 1),
                *(each.eq(each >> 1) for each in (stride_y, dilation_y, top, rows)),
            ]
            with m.If(stride_y[0]):
                m.d.sync += stride.eq(stride + pitch)
            with m.If(dilation_y[0]):
                m.d.sync += tap_row.eq(tap_row + pitch)
            with m.If(rows[0]):
                m.d.sync += total.eq(total + columns)
            with m.If(top[0]):
                m.d.sync += origin.eq(Mux(window.top < 0, origin - pitch, origin + pitch))
            with m.If(~(stride_y | dilation_y | top | rows).any()):
                m.d.sync += [multiplies.eq(0), holds.eq(1)]
        return m
