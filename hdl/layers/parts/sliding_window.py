"""The rows under a window that slides over a stream."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.pipeline import FreePipeline, Stages
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.blocks.result_fifo import ResultFifo
from bittrue.hdl.blocks.shapes import shape_spanning
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import ram_cost
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.connection import connect
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec


class SlidingWindow(wiring.Component):
    """Keep the latest rows of a tensor and read every window from them.

    Parameters
    ----------
    spec : SlidingWindowSpec
        Shapes, and in which order how much of a window is read.
    stalls : bool
        Whether the output may wait, in a FIFO at the end. Without, ``o.ready`` says whether a beat
        may begin, which it then does as soon as its rows are there; nothing of it waits.

    Members
    -------
    i : In(code_stream(spec.code, spec.lanes))
        The tensor, row by row, channels last.
    o : Out(code_stream(spec.code, spec.rows * spec.elements))
        The beats of every window, `elements` of the first row lowest; see `SlidingWindowSpec`.
    begins : Out(1)
        Unless it stalls: whether a beat begins; it comes `LATENCY` cycles later.

    A row of windows starts when the last row of the tensor that it needs is complete, and its first
    beat comes 5 cycles later, through a FIFO 7; then one beat per cycle. So many rows are kept that
    receiving and reading overlap, also from one image to the next: with an input that keeps up, no
    cycle is lost. Under back-pressure reading holds, and input is refused once all rows are in use.
    Columns outside of the tensor are part of the memory, which holds the padding code at power-up
    and is never written there; rows outside are masked. Elements of a beat beyond the window are
    unspecified codes.
    """

    LATENCY = 4

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
        pipeline = FreePipeline(m, platform, begins, self.LATENCY)
        allowed, beat = self._outlet(m, begins)
        m.d.comb += [begins.eq(rows.complete & allowed), beat.valid.eq(pipeline.valid[-1])]
        position = _Position(m, self.spec, memory, rows, begins)
        codes = memory.read(m, pipeline, position)
        m.d.comb += beat.payload.as_value().eq(pipeline.register("codes", codes))
        return m

    def _outlet(self, m: Module, begins: Value) -> tuple[Value, Any]:
        """Return whether a beat may begin, and where it goes."""
        if not self.stalls:
            m.d.comb += self.begins.eq(begins)
            return self.o.ready, self.o
        m.submodules.results = fifo = ResultFifo(self.o.payload.shape(), self.LATENCY)
        m.d.comb += fifo.reserve.eq(begins)
        connect(m, fifo.o, self.o)
        return fifo.room, fifo.i

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
                last_slot = slot == memory.slot_end - memory.slot_step
                m.d.sync += slot.eq(Mux(last_slot, 0, slot + memory.slot_step))
            with m.Else():
                m.d.sync += beat.eq(beat + 1)
                with m.If(lane == spec.elements - spec.lanes):
                    m.d.sync += [lane.eq(0), word.eq(word + 1)]
                with m.Else():
                    m.d.sync += lane.eq(lane + spec.lanes)
        # A register, as there is one in front of the addresses that are read: so nothing is read
        # while it is written.
        written = Stages(m, None, stalls=False)
        memory.write(
            m,
            written.register("writes", taken),
            written.register("slot_written", slot),
            written.register("word_written", word),
            written.register("element_written", lane),
            written.register("codes_written", self.i.payload.as_value()),
        )


WINDOW_CONTROL = Costs(90)
"""The counters of rows, loops and addresses, where windows overlap or have several rows."""

VECTOR_CONTROL = Costs(40)
"""The same where each window is one element of the tensor."""


def window_cost(window: SlidingWindowSpec, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate the memories of the rows under a window, and what reads beats from them."""
    codes, depth, count = window.memory_shape
    each = ram_cost(window.code.width, depth, memory, fabric, codes)
    return Costs(count * each.luts + _reading_luts(window), 0, count * each.halves)


def _reading_luts(window: SlidingWindowSpec) -> int:
    """Estimate the tables between the memories and a beat.

    A table chooses one of four where two bits say which, one of three otherwise: the element at
    which a word begins, the slot of a row.
    """
    bits = window.rows * window.elements * window.code.width
    rotating = 0 if window.aligned else -(-(window.elements - 1).bit_length() // 2)
    choosing = -(-(window.slots - 1) // 3) if window.rows > 1 else 0
    return bits * (rotating + choosing)


class _Rows:
    """Counts the rows that are held, for the row of windows that is being read.

    Attributes
    ----------
    written : Signal
        Set when a row of the tensor becomes complete.
    finished : Signal
        Set with the last beat of a row of windows.
    complete : Signal
        Whether all rows that the current row of windows needs are there.
    full : Signal
        Whether no row can be received.

    Both are registers, as much follows from them in their cycle: what they will be is computed for
    whether a row of windows is finished and whether a row is written, which are known late.
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
        release = _by_row(m, "rows_released", row, released.tolist())
        m.d.sync += held.eq(held + self.written - Mux(self.finished, release, 0))
        now = _by_row(m, "rows_needed", row, needed.tolist())
        following = np.roll(needed, -1) + released
        then = _by_row(m, "rows_needed_then", row, following.tolist())
        self.complete = Signal(init=int(needed[0]) <= 0, name="rows_complete")
        self.full = Signal(name="rows_full")
        most = spec.slots
        m.d.sync += [
            self.complete.eq(
                Mux(
                    self.finished,
                    (held >= then) | (self.written & (held + 1 >= then)),
                    (held >= now) | (self.written & (held + 1 >= now)),
                )
            ),
            self.full.eq(
                Mux(
                    self.finished,
                    Mux(self.written, held + 1 == most + release, held == most + release),
                    Mux(self.written, held + 1 == most, held == most),
                )
            ),
        ]
        with m.If(self.finished):
            m.d.sync += row.eq(Mux(row == count - 1, 0, row + 1))


class _Position:
    """Where in the memory the beat lies that is read next.

    The loops run one beat ahead: how far the next beat is from this one comes from registers.

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
        moves = _Moves(m, spec, step)
        m.d.comb += rows.finished.eq(step & moves.row_ends)
        elements, end = spec.elements, memory.slot_end
        self.word = Signal(range(max(memory.words, 2)), name="word")
        self.element = Signal(range(max(elements, 2)), name="element")
        words = moves.chosen("word_step", lambda move: move.elements // elements)
        element, carry = _moved(
            moves, "element_step", self.element, lambda move: move.elements % elements, elements
        )
        first = -spec.window.padding[0][0]
        self.slot = Signal(range(max(end, 2)), init=first * memory.slot_step % end, name="slot")
        slot, _ = _moved(
            moves, "slot_step", self.slot, lambda move: move.rows * memory.slot_step % end, end
        )
        with m.If(step):
            m.d.sync += [
                self.word.eq(self.word + words + carry),
                self.element.eq(element),
                self.slot.eq(slot),
            ]
        self.outside = self._outside(m, spec, moves, step)

    @staticmethod
    def _outside(m: Module, spec: SlidingWindowSpec, moves: "_Moves", step: Value) -> list[Value]:
        (above, below), height = spec.window.padding[0], spec.shape[0]
        if above == below == 0:
            return [C(0)] * spec.rows
        row = Signal(range(-above, height + below + 1), init=-above, name="tensor_row")
        moved = row + moves.chosen("row_step", lambda move: move.rows)
        with m.If(step):
            m.d.sync += row.eq(Mux(moves.image_ends, row.init, moved))
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
        """Return the codes of a beat, three cycles after its position.

        There are registers in front of the memories, as their addresses are sums; and behind
        them before anything is done with what they deliver: block RAM is slow.
        """
        apart = len(self._banks) > 1
        for number, bank in enumerate(self._banks):
            for index, ram in enumerate(bank):
                m.d.comb += ram.enable.eq(1)
                if apart and number > 0:
                    m.d.comb += ram.address.eq(self._banks[0][index].address)
                    continue
                # No element is behind the last one.
                wraps = len(bank) > 1 and index + 1 < 1 << len(position.element)
                word = position.word + (index < position.element if wraps else 0)
                address = word if apart else position.slot + word
                m.d.comb += ram.address.eq(
                    pipeline.register(f"address_{index}", address[: len(ram.address)])
                )
        rows = [
            pipeline.register(f"row_{number}", Cat(ram.data for ram in bank))
            for number, bank in enumerate(self._banks)
        ]
        slot = pipeline.register("slot_read", position.slot, 3)
        element = pipeline.register("element_read", position.element, 3)
        codes: list[Value] = []
        for row in range(self._spec.rows):
            outside = pipeline.register(f"outside_{row}", position.outside[row], 3)
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


@dataclass(frozen=True)
class _Move:
    """What happens to the position of a beat when a loop turns, or a row of windows ends."""

    when: Value
    elements: int
    rows: int


class _Moves:
    """Counts the turns of the loops, one beat ahead, and tells what each of them does.

    Parameters
    ----------
    m : Module
        Receives the statements.
    spec : SlidingWindowSpec
    step : Value
        Whether a beat is read in this cycle.

    Attributes
    ----------
    row_ends, image_ends : Value
        Whether the beat is the last one of its row of windows, or of the image.
    """

    def __init__(self, m: Module, spec: SlidingWindowSpec, step: Value) -> None:
        self._m = m
        self._step = step
        loops = [loop for loop in spec.loops if loop.count > 1]
        group, stride = spec.rows * spec.window.dilation[0], spec.window.stride[0]
        ended: Value = C(1)
        elements_back = rows_back = 0
        self._moves: list[_Move] = []
        for loop in reversed(loops):
            # The first beat has been left already, by the innermost loop.
            ahead = 0 if self._moves else 1
            turn = Signal(range(loop.count), init=ahead, name=f"{loop.name}_turn")
            last = turn == loop.count - 1
            with m.If(step & ended):
                m.d.sync += turn.eq(Mux(last, 0, turn + 1))
            across = group if loop.name == "row_group" else 0
            move = _Move(ended & ~last, loop.step - elements_back, across - rows_back)
            self._moves.append(move)
            elements_back += (loop.count - 1) * loop.step
            rows_back += (loop.count - 1) * across
            ended = ended & last
        count = spec.output_size[0]
        row = Signal(range(max(count, 2)), init=0 if loops or count == 1 else 1, name="row_ahead")
        last_row = row == count - 1
        with m.If(step & ended):
            m.d.sync += row.eq(Mux(last_row, 0, row + 1))
        to_next_image = spec.shape[0] - (count - 1) * stride
        self._moves += [
            _Move(ended & ~last_row, -elements_back, stride - rows_back),
            _Move(ended & last_row, -elements_back, to_next_image - rows_back),
        ]
        first = 0 if loops else len(self._moves) - (2 if count > 1 else 1)
        self._first = self._moves[first]
        self.row_ends = self._registered("row_ends", ended, not loops)
        self.image_ends = self._registered("image_ends", ended & last_row, not loops and count == 1)

    def chosen(self, name: str, value: Callable[[_Move], int]) -> Value:
        """Return a number that belongs to the move from this beat to the next."""
        values = [value(move) for move in self._moves]
        if len(set(values)) == 1:
            return C(values[0], shape_spanning(values[0], values[0]))
        chosen: Value = C(values[-1])
        for move, each in zip(self._moves[:-1], values[:-1], strict=True):
            chosen = Mux(move.when, C(each), chosen)
        shape = shape_spanning(min(values), max(values))
        register = Signal(shape, init=value(self._first), name=name)
        with self._m.If(self._step):
            self._m.d.sync += register.eq(chosen)
        return register

    def _registered(self, name: str, value: Value, init: bool) -> Value:
        register = Signal(init=init, name=name)
        with self._m.If(self._step):
            self._m.d.sync += register.eq(value)
        return register


def _moved(
    moves: _Moves, name: str, place: Value, step: Callable[[_Move], int], end: int
) -> tuple[Value, Value]:
    """Return a place below `end` after a step that wraps around there, and whether it does.

    Both outcomes are computed at once, each by one addition to what a register says.
    """
    onward = place + moves.chosen(name, step)
    around = place + moves.chosen(f"{name}_around", lambda move: step(move) - end)
    wraps = around >= 0
    return Mux(wraps, around, onward)[: len(place)], wraps


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


def _rotated(codes: Sequence[Value], first: Value) -> list[Value]:
    """Return codes beginning with one in their midst."""
    count = len(codes)
    return [
        Array(codes[(start + place) % count] for start in range(count))[first]
        for place in range(count)
    ]
