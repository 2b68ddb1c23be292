"""The order in which a window moves over a tile: addresses of every tap, some pixels at a time."""

from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.engine.window_preparation import (
    PLACE_BITS,
    STEP_BITS,
    WindowPreparation,
    prepared_layout,
    window_layout,
)

_PLACE = signed(PLACE_BITS + STEP_BITS + 3)
"""Holds the sum of an output's place, a tap's, and that of the first of both."""


def group_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what belongs to the results of a group of pixels.

    Members: ``output``, the word of the first pixel in the first plane; ``plane``, words from plane
    to plane; ``words``, planes that are written; ``records``, the first one; ``minimum`` and
    ``maximum``; ``count``, pixels, at least 1; ``end``, whether it is the instruction's last group.
    """
    return data.StructLayout(
        {
            "output": range(engine.output_words),
            "plane": range(engine.output_words + 1),
            "words": range(engine.group_words + 1),
            "records": range(engine.records),
            "minimum": signed(8),
            "maximum": signed(8),
            "count": range(engine.pixels + 1),
            "end": 1,
        }
    )


def step_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a step: one tap, one plane, of some pixels.

    Members: ``address`` of each pixel's word, ``inside``, a bit for each pixel whose tap is in the
    tile, ``row`` of weights, ``pad``, ``last`` of the group, and ``group``.
    """
    return data.StructLayout(
        {
            "address": data.ArrayLayout(Shape.cast(range(engine.input_words)), engine.pixels),
            "inside": engine.pixels,
            "row": range(engine.weight_rows),
            "pad": signed(8),
            "last": 1,
            "group": group_layout(engine),
        }
    )


class WindowWalker(wiring.Component):
    """Walk over the taps of every group of pixels that an instruction asks for.

    For groups of `pixels` outputs that follow each other row by row, and in each of them for
    passes, rows and columns of the window, and planes, one step:

        address[k] = input + row[k] * pitch + column[k] + p * plane
        row[k], column[k] = y[k] * stride_y + i * dilation_y + top, likewise

    Instructions that go by planes are walked once for each of them, as if it were the only one.

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        Instructions; see `hdl.engine.window_preparation.window_layout`. Nothing of an instruction
        is zero but places and codes.
    o : Out(stream.Signature(...))
        Steps; see `step_layout`. Pixels beyond the group's count have any address.

    One step per cycle, without a gap between groups of more steps than `pixels`; an instruction
    that has been prepared, or a plane that is walked alone, begins `pixels` + 3 cycles after the
    last step of the one before. Places are followed by additions alone. ``o`` comes from registers
    and an addition; addresses outside of the tile wrap and are not ``inside``.
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(window_layout(engine))),
                "o": Out(stream.Signature(step_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the pixels' walk, which is ahead by one group, and the taps' walk."""
        m = Module()
        engine = self.engine
        m.submodules.preparation = preparation = WindowPreparation(engine)
        wiring.connect(m, wiring.flipped(self.i), preparation.i)
        given = Signal(prepared_layout(engine), name="given")
        # Of the plane that is walked alone, or of the first one; and those after it.
        origin = Signal.like(given.origin, name="origin")
        output = Signal(range(engine.output_words), name="output")
        following = Signal(PLACE_BITS, name="following_planes")
        working, ended = Signal(name="working"), Signal(name="ended")
        more, takes = Signal(name="more_planes"), Signal(name="takes")
        coming = preparation.o.payload
        m.d.comb += [
            more.eq(given.window.by_plane & (following != 0)),
            preparation.o.ready.eq(~working | (ended & ~more)),
            takes.eq(preparation.o.valid & preparation.o.ready),
        ]
        with m.If(takes):
            m.d.sync += [
                working.eq(1),
                given.eq(coming),
                origin.eq(coming.origin),
                output.eq(coming.window.output),
                following.eq(coming.window.planes - 1),
            ]
        with m.Elif(ended & more):
            m.d.sync += [
                following.eq(following - 1),
                origin.eq(origin + given.window.plane),
                output.eq(output + given.total),
            ]
        with m.Elif(ended):
            m.d.sync += working.eq(0)
        self._walk(m, given, origin, output, more, working, ended)
        return m

    def _walk(
        self,
        m: Module,
        given: data.View,
        origin: Signal,
        output: Signal,
        more: Signal,
        working: Signal,
        ended: Signal,
    ) -> None:
        engine, window, total = self.engine, given.window, given.total
        words = Shape.cast(range(engine.input_words)).width
        pixel = data.StructLayout({"origin": words, "y": _PLACE, "x": _PLACE})

        # The pixels of the next group, one in a cycle.
        coming = [Signal(pixel, name=f"coming_{k}") for k in range(engine.pixels)]
        number = Signal(range(engine.pixels + 1), name="coming_count")
        begun, finished = Signal(name="begun"), Signal(name="finished")
        here, row_origin = Signal(pixel, name="here"), Signal(words, name="row_origin")
        column, index = Signal(PLACE_BITS, name="column"), Signal(total.shape(), name="index")
        whole = Signal(name="whole")
        m.d.comb += whole.eq((number == engine.pixels) | (finished & (number != 0)))
        with m.If(working & ~begun):
            m.d.sync += [
                begun.eq(1),
                finished.eq(0),
                number.eq(0),
                here.origin.eq(origin),
                row_origin.eq(origin),
                here.y.eq(window.top),
                here.x.eq(window.left),
                column.eq(0),
                index.eq(0),
            ]
        with m.Elif(begun & ~finished & ~whole):
            with m.Switch(number):
                for k in range(engine.pixels):
                    with m.Case(k):
                        m.d.sync += coming[k].eq(here)
            m.d.sync += [
                number.eq(number + 1),
                index.eq(index + 1),
                finished.eq(index + 1 == total),
            ]
            with m.If(column + 1 == window.columns):
                m.d.sync += [
                    column.eq(0),
                    row_origin.eq(row_origin + given.stride),
                    here.origin.eq(row_origin + given.stride),
                    here.y.eq(here.y + window.stride_y),
                    here.x.eq(window.left),
                ]
            with m.Else():
                m.d.sync += [
                    column.eq(column + 1),
                    here.origin.eq(here.origin + window.stride_x),
                    here.x.eq(here.x + window.stride_x),
                ]

        # The taps of the group that is walked.
        walked = [Signal(pixel, name=f"walked_{k}") for k in range(engine.pixels)]
        group = Signal(group_layout(engine), name="group")
        walking = Signal(name="walking")
        done = Signal(total.shape(), name="pixels_before")
        taken = Signal(name="taken")
        last = self._taps(m, window, given.tap_row, walked, group, walking)
        leaves, last_group = Signal(name="group_leaves"), Signal(name="last_group")
        m.d.comb += [
            leaves.eq(walking & self.o.ready & last),
            taken.eq(whole & (~walking | leaves)),
            ended.eq(leaves & last_group),
        ]
        with m.If(taken):
            m.d.sync += [each.eq(next_) for each, next_ in zip(walked, coming, strict=True)]
            m.d.sync += [
                number.eq(0),
                walking.eq(1),
                done.eq(done + number),
                group.output.eq(output + done),
                group.plane.eq(total),
                group.words.eq(window.words),
                group.records.eq(window.records),
                group.minimum.eq(window.minimum),
                group.maximum.eq(window.maximum),
                group.count.eq(number),
                group.end.eq(finished & ~more),
                last_group.eq(finished),
            ]
        with m.Elif(leaves):
            m.d.sync += walking.eq(0)
        with m.If(ended):
            m.d.sync += [begun.eq(0), done.eq(0), finished.eq(0)]

    def _taps(
        self,
        m: Module,
        window: data.View,
        tap_row: Value,
        walked: list[data.View],
        group: data.View,
        walking: Signal,
    ) -> Signal:
        """Walk over a window and its planes; return whether this is the group's last step."""
        engine = self.engine
        words = Shape.cast(range(engine.input_words)).width
        offsets = [Signal(words, name=f"offset_{name}") for name in ("row", "column", "plane")]
        of_row, of_column, of_plane = offsets
        counts = [Signal(PLACE_BITS, name=f"tap_{name}") for name in ("pass", "y", "x", "plane")]
        ends = [Signal(name=f"last_{name}") for name in ("pass", "y", "x", "plane")]
        limits = (window.passes, window.kernel_y, window.kernel_x, window.planes)
        row = Signal(range(engine.weight_rows), name="weight_row")
        y, x = Signal(_PLACE, name="tap_down"), Signal(_PLACE, name="tap_right")
        last = Signal(name="last_step")
        m.d.comb += [
            end.eq(c + 1 == limit) for end, c, limit in zip(ends, counts, limits, strict=True)
        ]
        with m.If(window.by_plane):
            m.d.comb += ends[-1].eq(1)
        m.d.comb += last.eq(Cat(ends).all())
        p_pass, p_y, p_x, p_plane = counts
        _, e_y, e_x, e_plane = ends
        with m.If(walking & self.o.ready):
            m.d.sync += [
                row.eq(row + 1),
                p_plane.eq(p_plane + 1),
                of_plane.eq(of_plane + window.plane),
            ]
            with m.If(e_plane):
                right = of_column + window.dilation_x
                m.d.sync += [
                    p_plane.eq(0), p_x.eq(p_x + 1), of_column.eq(right), of_plane.eq(right),
                    x.eq(x + window.dilation_x),
                ]  # fmt: skip
            with m.If(e_plane & e_x):
                down = of_row + tap_row
                m.d.sync += [
                    p_x.eq(0), p_y.eq(p_y + 1), of_row.eq(down), of_column.eq(down),
                    of_plane.eq(down), x.eq(0), y.eq(y + window.dilation_y),
                ]  # fmt: skip
            with m.If(e_plane & e_x & e_y):
                m.d.sync += [p_y.eq(0), p_pass.eq(p_pass + 1), y.eq(0)]
                m.d.sync += [offset.eq(0) for offset in offsets]
        with m.If(~walking | (self.o.ready & last)):
            # The next group, if there is one, begins anew.
            m.d.sync += [each.eq(0) for each in (*counts, *offsets, x, y)]
            m.d.sync += row.eq(window.weights)
        step = self.o.payload
        m.d.comb += [
            self.o.valid.eq(walking),
            step.row.eq(row),
            step.pad.eq(window.pad),
            step.last.eq(last),
            step.group.eq(group),
        ]
        for k, each in enumerate(walked):
            down, right = each.y + y, each.x + x
            inside = (down >= 0) & (down < window.height) & (right >= 0) & (right < window.width)
            m.d.comb += [
                step.address[k].eq(each.origin + of_plane),
                step.inside[k].eq(inside),
            ]
        return last
