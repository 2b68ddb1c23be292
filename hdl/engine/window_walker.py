"""The order in which a window moves over a tile: addresses of every tap, some pixels at a time."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration

_SIZE, _STEP = 16, 8
_PLACE = signed(_SIZE + _STEP + 3)
"""Holds the sum of an output's place, a tap's, and that of the first of both."""


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
            "pitch": _SIZE,
            "height": _SIZE,
            "width": _SIZE,
            "rows": _SIZE,
            "columns": _SIZE,
            "kernel_y": _SIZE,
            "kernel_x": _SIZE,
            "planes": _SIZE,
            "top": signed(_SIZE),
            "left": signed(_SIZE),
            "stride_y": _STEP,
            "stride_x": _STEP,
            "dilation_y": _STEP,
            "dilation_x": _STEP,
            "pad": signed(8),
            "words": range(engine.group_words + 1),
            "passes": _STEP,
            "weights": range(engine.weight_rows),
            "records": range(engine.records),
            "minimum": signed(8),
            "maximum": signed(8),
            "by_plane": 1,
        }
    )


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


class _Plane(NamedTuple):
    """The planes that are walked, if alone only one of them.

    Attributes
    ----------
    tile, output : Value
        First word of the first of them, and of its outputs.
    more : Value
        Whether others follow.
    """

    tile: Value
    output: Value
    more: Value


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
        Instructions; see `window_layout`. Nothing of an instruction is zero but places and `pad`.
    o : Out(stream.Signature(...))
        Steps; see `step_layout`. Pixels beyond the group's count have any address.

    One step per cycle, without a gap between groups of more steps than `pixels`; an instruction
    or a plane that is walked alone begins `pixels` + 4 cycles after the last step of the one
    before. Places are followed by
    additions alone, but for three products at an instruction's beginning. ``o`` comes from
    registers and an addition; addresses outside of the tile wrap and are not ``inside``.
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
        window = Signal(window_layout(self.engine), name="window")
        stride = Signal(range(2 * self.engine.input_words), name="stride_words")
        tap_row = Signal(range(2 * self.engine.input_words), name="tap_row_words")
        total = Signal(range(self.engine.output_words + 1), name="total")
        working, prepared = Signal(name="working"), Signal(name="prepared")
        ended = Signal(name="ended")
        m.d.comb += self.i.ready.eq(~working)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [window.eq(self.i.payload), working.eq(1), prepared.eq(0)]
        with m.If(working & ~prepared):
            m.d.sync += [
                stride.eq(window.stride_y * window.pitch),
                tap_row.eq(window.dilation_y * window.pitch),
                total.eq(window.rows * window.columns),
                prepared.eq(1),
            ]
        # Where the plane lies that is walked alone, or the first one; its outputs; those after it.
        tile = Signal(range(self.engine.input_words), name="tile")
        output = Signal(range(self.engine.output_words), name="output")
        following = Signal(_SIZE, name="following_planes")
        more = Signal(name="more_planes")
        m.d.comb += more.eq(window.by_plane & (following != 0))
        with m.If(working & ~prepared):
            m.d.sync += [
                tile.eq(window.input),
                output.eq(window.output),
                following.eq(window.planes - 1),
            ]
        with m.If(ended):
            with m.If(more):
                m.d.sync += [
                    following.eq(following - 1),
                    tile.eq(tile + window.plane),
                    output.eq(output + total),
                ]
            with m.Else():
                m.d.sync += [working.eq(0), prepared.eq(0)]
        plane = _Plane(tile, output, more)
        self._walk(m, window, plane, stride, tap_row, total, working & prepared, ended)
        return m

    def _walk(
        self,
        m: Module,
        window: data.View,
        plane: "_Plane",
        stride: Signal,
        tap_row: Signal,
        total: Signal,
        active: Signal,
        ended: Signal,
    ) -> None:
        engine = self.engine
        words = Shape.cast(range(engine.input_words)).width
        pixel = data.StructLayout({"origin": words, "y": _PLACE, "x": _PLACE})

        # The pixels of the next group, one in a cycle.
        coming = [Signal(pixel, name=f"coming_{k}") for k in range(engine.pixels)]
        number = Signal(range(engine.pixels + 1), name="coming_count")
        begun, finished = Signal(name="begun"), Signal(name="finished")
        here, row_origin = Signal(pixel, name="here"), Signal(words, name="row_origin")
        column, index = Signal(_SIZE, name="column"), Signal(total.shape(), name="index")
        whole = Signal(name="whole")
        m.d.comb += whole.eq((number == engine.pixels) | (finished & (number != 0)))
        with m.If(active & ~begun):
            origin = plane.tile + window.top * window.pitch + window.left
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
                    row_origin.eq(row_origin + stride),
                    here.origin.eq(row_origin + stride),
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
        last = self._taps(m, window, tap_row, walked, group, walking)
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
                group.output.eq(plane.output + done),
                group.plane.eq(total),
                group.words.eq(window.words),
                group.records.eq(window.records),
                group.minimum.eq(window.minimum),
                group.maximum.eq(window.maximum),
                group.count.eq(number),
                group.end.eq(finished & ~plane.more),
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
        tap_row: Signal,
        walked: list[data.View],
        group: data.View,
        walking: Signal,
    ) -> Signal:
        """Walk over a window and its planes; return whether this is the group's last step."""
        engine = self.engine
        words = Shape.cast(range(engine.input_words)).width
        offsets = [Signal(words, name=f"offset_{name}") for name in ("row", "column", "plane")]
        of_row, of_column, of_plane = offsets
        counts = [Signal(_SIZE, name=f"tap_{name}") for name in ("pass", "y", "x", "plane")]
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
