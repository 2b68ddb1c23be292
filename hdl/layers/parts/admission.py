"""Which beats may enter a pipeline that makes several results of several beats."""

from collections.abc import Sequence

from amaranth.hdl import C, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.blocks.result_fifo import ResultFifo


class Admission(wiring.Component):
    """Lets frames of beats into a pipeline that never stalls, with a FIFO behind it.

    The last beat of a frame waits until the FIFO has room for the frame's results, and until those
    of the frame before have been made; all other beats may enter at any time.

    Parameters
    ----------
    beats : int
        Of a frame.
    results : sequence of int
        Of each frame, in turn; they leave the pipeline one after the other.

    Members
    -------
    begins : In(1)
        Whether a beat enters in this cycle; not without `ready`.
    room, reserve : In(1), Out(range(results + 1))
        Those of the `ResultFifo`.
    ready : Out(1)
        Whether a beat may enter. Comes from `room` and registers.

    Latency 0 cycles: `reserve` and `ready` answer in the cycle in which they are asked. One beat
    per cycle enters while there is room.
    """

    def __init__(self, beats: int, results: Sequence[int]) -> None:
        self._beats, self._results = beats, results
        super().__init__(
            {
                "begins": In(1),
                "room": In(1),
                "reserve": Out(range(max(results) + 1)),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count the beats of a frame, and the results that are still to be made."""
        m = Module()
        beats, results = self._beats, self._results
        last: Value = C(1)
        if beats > 1:
            turn = Signal(range(beats), name="beat_of_frame")
            last = turn == beats - 1
            with m.If(self.begins):
                m.d.sync += turn.eq(Mux(last, 0, turn + 1))
        ends = Signal(name="frame_ends")
        m.d.comb += ends.eq(self.begins & last)
        count: Value = C(results[0])
        if len(set(results)) > 1:
            frame = Signal(range(len(results)), name="frame")
            last_frame = frame == len(results) - 1
            count = Mux(last_frame, results[-1], results[0])
            with m.If(ends):
                m.d.sync += frame.eq(Mux(last_frame, 0, frame + 1))
        m.d.comb += self.reserve.eq(Mux(ends, count, 0))
        room: Value = self.room
        if max(results) > beats:
            making = Signal(range(max(results)), name="results_to_make")
            with m.If(ends):
                m.d.sync += making.eq(count - 1)
            with m.Elif(making.any()):
                m.d.sync += making.eq(making - 1)
            room = room & ~making.any()
        m.d.comb += self.ready.eq(~last | room)
        return m


def admitted(
    m: Module, begins: Value, fifo: ResultFifo, beats: int, results: Sequence[int]
) -> Value:
    """Return whether a beat may enter a pipeline, by an `Admission` with the FIFO behind it."""
    m.submodules.admission = admission = Admission(beats, results)
    m.d.comb += [
        admission.begins.eq(begins),
        admission.room.eq(fifo.room),
        fifo.reserve.eq(admission.reserve),
    ]
    return admission.ready


def results_fifo(kind: ShapeLike, latency: int, beats: int, results: Sequence[int]) -> ResultFifo:
    """Return the FIFO of an `Admission`.

    Parameters
    ----------
    kind : ShapeLike
        Of a result.
    latency : int
        Cycles from the last beat of a frame to its first result.
    beats : int
    results : sequence of int
    """
    return ResultFifo(kind, latency, max(results), max(beats, min(results)))
