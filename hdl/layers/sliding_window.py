"""The rows under a window that slides over a stream."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.blocks.pipeline import FreePipeline, Pipeline, Stages
from hdl.blocks.ram import Ram
from hdl.layers.codes import code_stream
from hdl.layers.window_spec import SlidingWindowSpec


class SlidingWindow(wiring.Component):
    """Keep the latest rows of a tensor and read every window from them.

    Parameters
    ----------
    spec : SlidingWindowSpec
        Shapes, and in which order how much of a window is read.
    stalls : bool
        Whether the output may wait. Without, ``o.ready`` says whether a beat may begin, which it
        then does as soon as its rows are there; nothing of it waits.

    Members
    -------
    i : In(code_stream(spec.code, spec.lanes))
        The tensor, row by row, channels last.
    o : Out(code_stream(spec.code, spec.rows * spec.elements))
        The beats of every window, `elements` of the first row lowest; see `SlidingWindowSpec`.
    begins : Out(1)
        Unless it stalls: whether a beat begins; it comes `LATENCY` cycles later.

    A row of windows starts when the last row of the tensor that it needs is complete, and its
    first beat comes 4 cycles later; then one beat per cycle. So many rows are kept that receiving
    and reading overlap, also from one image to the next: with an input that keeps up, no cycle is
    lost. Under back-pressure reading holds, and input is refused once all rows are in use.
    Columns outside of the tensor are part of the memory, which holds the padding code at power-up
    and is never written there; rows outside are masked. Elements of a beat beyond the window are
    unspecified codes.
    """

    LATENCY = 3

    def __init__(self, spec: SlidingWindowSpec, stalls: bool = True) -> None:
        self.spec = spec
        self.stalls = stalls
        members = {
            "i": In(code_stream(spec.code, spec.lanes)),
            "o": Out(code_stream(spec.code, spec.rows * spec.elements)),
        }
        super().__init__(members if stalls else members | {"begins": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the side that writes it and the side that reads it."""
        m = Module()
        rows = _Rows(m, self.spec)
        memory = _Memory(m, self.spec)
        self._write(m, memory, rows)

        begins = Signal(name="begins")
        pipeline: Pipeline | FreePipeline
        if self.stalls:
            request = stream.Signature(0).create()
            pipeline = Pipeline(m, platform, request, self.o, self.LATENCY)
            m.d.comb += [request.valid.eq(rows.complete), begins.eq(rows.complete & request.ready)]
        else:
            pipeline = FreePipeline(m, platform, begins, self.LATENCY)
            m.d.comb += [
                begins.eq(rows.complete & self.o.ready),
                self.begins.eq(begins),
                self.o.valid.eq(pipeline.valid[-1]),
            ]
        position = _Position(m, self.spec, memory, rows, begins)
        codes = memory.read(m, pipeline, position)
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("codes", codes))
        return m

    def _write(self, m: Module, memory: "_Memory", rows: "_Rows") -> None:
        spec = self.spec
        _, width, channels = spec.shape
        beats = width * channels // spec.lanes
        left = spec.window.padding[1][0] * channels
        beat = Signal(range(max(beats, 2)), name="write_beat")
        word = Signal(range(memory.words), init=left // spec.elements, name="write_word")
        lane = Signal(range(max(spec.elements, 2)), init=left % spec.elements, name="write_element")
        slot = Signal(range(max(memory.slot_end, 2)), name="write_slot")
        m.d.comb += self.i.ready.eq(~rows.full)
        taken = Signal(name="taken")
        m.d.comb += [taken.eq(self.i.valid & self.i.ready), rows.written.eq(0)]
        with m.If(taken):
            with m.If(beat == beats - 1):
                m.d.comb += rows.written.eq(1)
                m.d.sync += [beat.eq(0), word.eq(word.init), lane.eq(lane.init)]
                m.d.sync += slot.eq(_wrap(slot + memory.slot_step, memory.slot_end)[0])
            with m.Else():
                m.d.sync += beat.eq(beat + 1)
                with m.If(lane == spec.elements - spec.lanes):
                    m.d.sync += [lane.eq(0), word.eq(word + 1)]
                with m.Else():
                    m.d.sync += lane.eq(lane + spec.lanes)
        memory.write(m, taken, slot, word, lane, self.i.payload.as_value())


class _Rows:
    """Counts the rows that are held, for the row of windows that is being read.

    Attributes
    ----------
    written : Signal
        Set when a row of the tensor becomes complete.
    finished : Signal
        Set with the last beat of a row of windows.
    complete : Value
        Whether all rows that the current row of windows needs are there.
    full : Value
        Whether no row can be received.
    image_ends : Value
        Whether the current row of windows is the last one of the image.
    """

    def __init__(self, m: Module, spec: SlidingWindowSpec) -> None:
        count = spec.output_size[0]
        needed = spec.needed_rows - spec.finished_rows[:-1]
        released = spec.finished_rows[1:] - spec.finished_rows[:-1]
        self.written = Signal(name="row_written")
        self.finished = Signal(name="row_finished")
        # Rows that no window needs can be released before they arrive.
        held = Signal(range(-int(released.max()), spec.slots + 1), name="rows_held")
        row = Signal(range(max(count, 2)), name="output_row")
        self.complete = held >= _by_row(m, "rows_needed", row, needed.tolist())
        self.full = held == spec.slots
        self.image_ends = row == count - 1
        release = _by_row(m, "rows_released", row, released.tolist())
        m.d.sync += held.eq(held + self.written - Mux(self.finished, release, 0))
        with m.If(self.finished):
            m.d.sync += row.eq(Mux(self.image_ends, 0, row + 1))


@dataclass(frozen=True)
class _Move:
    """What happens to the position of a beat when a loop turns, or a row of windows ends."""

    when: Value
    elements: int
    rows: int


class _Position:
    """Where in the memory the beat lies that is read next.

    Attributes
    ----------
    word, element : Signal
        Word and element within it at which each row of the beat begins.
    slot : Signal
        Of the first row of the beat.
    outside : list of Value
        For each row of the beat, whether it lies above or below the tensor.
    """

    def __init__(
        self, m: Module, spec: SlidingWindowSpec, memory: "_Memory", rows: _Rows, step: Value
    ) -> None:
        moves = _moves(m, spec, rows, step)
        elements = spec.elements
        self.word = Signal(range(max(memory.words, 2)), name="word")
        self.element = Signal(range(max(elements, 2)), name="element")
        words = _chosen(m, "word_step", moves, [move.elements // elements for move in moves])
        rest = _chosen(m, "element_step", moves, [move.elements % elements for move in moves])
        element, carry = _wrap(self.element + rest, elements)
        slots = [move.rows * memory.slot_step % memory.slot_end for move in moves]
        first = -spec.window.padding[0][0]
        self.slot = Signal(
            range(max(memory.slot_end, 2)),
            init=first * memory.slot_step % memory.slot_end,
            name="slot",
        )
        slot, _ = _wrap(self.slot + _chosen(m, "slot_step", moves, slots), memory.slot_end)
        with m.If(step):
            m.d.sync += [
                self.word.eq(self.word + words + carry),
                self.element.eq(element),
                self.slot.eq(slot),
            ]
        self.outside = self._outside(m, spec, moves, rows, step)

    @staticmethod
    def _outside(
        m: Module, spec: SlidingWindowSpec, moves: list[_Move], rows: _Rows, step: Value
    ) -> list[Value]:
        (above, below), height = spec.window.padding[0], spec.shape[0]
        if above == below == 0:
            return [C(0)] * spec.rows
        row = Signal(range(-above, height + below + 1), init=-above, name="tensor_row")
        moved = row + _chosen(m, "row_step", moves, [move.rows for move in moves])
        with m.If(step):
            m.d.sync += row.eq(Mux(rows.finished & rows.image_ends, row.init, moved))
        below_first = [index * spec.window.dilation[0] for index in range(spec.rows)]
        # Without padding above, no row is negative, and lint objects to asking.
        negative = [row < -below if below or above else C(0) for below in below_first]
        beyond = [row >= height - below for below in below_first]
        return [one | other for one, other in zip(negative, beyond, strict=True)]


class _Memory:
    """The rows, in one memory, or in one for each slot where a beat holds several rows.

    Words of `elements` codes are memories of one address where all rows of all beats begin with
    a word, otherwise each element of the words has a memory with an address of its own.

    Attributes
    ----------
    words : int
        Of a slot, which holds a row.
    slot_step, slot_end : int
        By how much the number of a slot, or its first address, grows from one to the next, and
        where it wraps.
    """

    def __init__(self, m: Module, spec: SlidingWindowSpec) -> None:
        self._spec = spec
        self.words = spec.words
        self._lanes, depth, count = spec.memory_shape
        apart = spec.rows > 1
        self.slot_step = 1 if apart else self.words
        self.slot_end = spec.slots * self.slot_step
        self._fill = spec.padding_code & ((1 << spec.code.width) - 1)
        each = spec.elements // self._lanes
        rams = [
            Ram(spec.code.width, self._lanes, depth, self._fill, spec.memory) for _ in range(count)
        ]
        self._banks = [rams[first : first + each] for first in range(0, count, each)]
        for slot, bank in enumerate(self._banks):
            for element, ram in enumerate(bank):
                m.submodules[f"rows_{slot}_{element}"] = ram

    def write(
        self, m: Module, taken: Value, slot: Value, word: Value, element: Value, codes: Value
    ) -> None:
        """Store a beat of the input."""
        lanes, width = self._spec.lanes, self._spec.code.width
        apart = len(self._banks) > 1
        for number, bank in enumerate(self._banks):
            chosen = taken & (slot == number) if apart else taken
            for first, ram in enumerate(bank):
                places = range(first, first + self._lanes)
                parts = [codes[place % lanes * width :][:width] for place in places]
                m.d.comb += [
                    ram.write.eq(
                        Cat(chosen & (element == place - place % lanes) for place in places)
                    ),
                    ram.write_address.eq(word if apart else slot + word),
                    ram.write_data.eq(Cat(parts)),
                ]

    def read(self, m: Module, pipeline: Stages, position: _Position) -> Value:
        """Return the codes of a beat, two cycles after its position.

        What memories deliver is registered before anything is done with it: block RAM is slow.
        """
        apart = len(self._banks) > 1
        for bank in self._banks:
            for index, ram in enumerate(bank):
                # No element is behind the last one.
                wraps = len(bank) > 1 and index + 1 < 1 << len(position.element)
                word = position.word + (index < position.element if wraps else 0)
                m.d.comb += [
                    ram.enable.eq(pipeline.advance),
                    ram.address.eq(word if apart else position.slot + word),
                ]
        rows = [
            pipeline.register(f"row_{number}", Cat(ram.data for ram in bank))
            for number, bank in enumerate(self._banks)
        ]
        slot = pipeline.register("slot_read", position.slot, 2)
        element = pipeline.register("element_read", position.element, 2)
        codes: list[Value] = []
        for row in range(self._spec.rows):
            outside = pipeline.register(f"outside_{row}", position.outside[row], 2)
            bank = self._choose_slot(rows, slot, row * self._spec.window.dilation[0])
            for code in bank if self._lanes > 1 else _rotated(bank, element):
                codes.append(Mux(outside, C(self._fill, len(code)), code))
        return Cat(codes)

    def _choose_slot(self, rows: Sequence[Value], slot: Value, offset: int) -> list[Value]:
        """Return the codes of the row `offset` rows below the first one, by bank."""
        width = self._spec.code.width
        rotated = [rows[(index + offset) % len(rows)] for index in range(len(rows))]
        chosen = Array(rotated)[slot] if len(rows) > 1 else rows[0]
        return [chosen[first : first + width] for first in range(0, len(rows[0]), width)]


def _moves(m: Module, spec: SlidingWindowSpec, rows: _Rows, step: Value) -> list[_Move]:
    """Count the turns of the loops, and return what each of them does; one at a time happens."""
    loops = [loop for loop in spec.loops if loop.count > 1]
    group = spec.rows * spec.window.dilation[0]
    ended: Value = C(1)
    elements_back = rows_back = 0
    moves = []
    for loop in reversed(loops):
        turn = Signal(range(loop.count), name=f"{loop.name}_turn")
        last = turn == loop.count - 1
        with m.If(step & ended):
            m.d.sync += turn.eq(Mux(last, 0, turn + 1))
        across = group if loop.name == "row_group" else 0
        moves.append(_Move(ended & ~last, loop.step - elements_back, across - rows_back))
        elements_back += (loop.count - 1) * loop.step
        rows_back += (loop.count - 1) * across
        ended = ended & last
    row_ends = Signal(name="row_ends")
    m.d.comb += [row_ends.eq(ended), rows.finished.eq(step & row_ends)]
    stride = spec.window.stride[0]
    to_next_image = spec.shape[0] - (spec.output_size[0] - 1) * stride
    return [
        *moves,
        _Move(row_ends & ~rows.image_ends, -elements_back, stride - rows_back),
        _Move(row_ends & rows.image_ends, -elements_back, to_next_image - rows_back),
    ]


def _chosen(m: Module, name: str, moves: Sequence[_Move], values: Sequence[int]) -> Value:
    """Return the value of the move that happens."""
    chosen: Value = C(values[-1])
    for move, value in zip(moves[:-1], values[:-1], strict=True):
        if any(other != values[0] for other in values):
            chosen = Mux(move.when, C(value), chosen)
    result = Signal(chosen.shape(), name=name)
    m.d.comb += result.eq(chosen)
    return result


def _by_row(m: Module, name: str, row: Value, values: Sequence[int]) -> Value:
    """Return the value that belongs to a row of windows; most rows share one."""
    usual = Counter(values).most_common(1)[0][0]
    chosen = Signal(range(max(values) + 1), init=usual, name=name)
    with m.Switch(row):
        for index, value in enumerate(values):
            if value != usual:
                with m.Case(index):
                    m.d.comb += chosen.eq(value)
    return chosen


def _wrap(value: Value, modulus: int) -> tuple[Value, Value]:
    """Return a value below twice a modulus without it, and whether it was there."""
    over = value >= modulus
    return Mux(over, value - modulus, value), over


def _rotated(codes: Sequence[Value], first: Value) -> list[Value]:
    """Return codes beginning with one in their midst."""
    count = len(codes)
    return [
        Array(codes[(start + place) % count] for start in range(count))[first]
        for place in range(count)
    ]
