"""Which beats may enter a pipeline that makes several results of several beats."""

from collections.abc import Sequence

from amaranth.hdl import C, Module, Mux, ShapeLike, Signal, Value

from bittrue.hdl.blocks.result_fifo import ResultFifo


class Admission:
    """Lets frames of beats into a pipeline that never stalls, with a FIFO behind it.

    The last beat of a frame waits until the FIFO has room for the frame's results, and until those
    of the frame before have been made; all other beats may enter at any time.

    Parameters
    ----------
    m : Module
        Receives the statements.
    begun : Value
        Whether a beat enters in this cycle; not without `ready`.
    fifo : ResultFifo
        Where the results go.
    beats : int
        Of a frame.
    results : sequence of int
        Of each frame, in turn; they leave the pipeline one after the other.

    Attributes
    ----------
    ready : Value
        Whether a beat may enter; comes from registers alone.
    """

    def __init__(
        self, m: Module, begun: Value, fifo: ResultFifo, beats: int, results: Sequence[int]
    ) -> None:
        last: Value = C(1)
        if beats > 1:
            turn = Signal(range(beats), name="beat_of_frame")
            last = turn == beats - 1
            with m.If(begun):
                m.d.sync += turn.eq(Mux(last, 0, turn + 1))
        ends = Signal(name="frame_ends")
        m.d.comb += ends.eq(begun & last)
        count: Value = C(results[0])
        if len(set(results)) > 1:
            frame = Signal(range(len(results)), name="frame")
            last_frame = frame == len(results) - 1
            count = Mux(last_frame, results[-1], results[0])
            with m.If(ends):
                m.d.sync += frame.eq(Mux(last_frame, 0, frame + 1))
        m.d.comb += fifo.reserve.eq(Mux(ends, count, 0))
        room: Value = fifo.room
        if max(results) > beats:
            making = Signal(range(max(results)), name="results_to_make")
            with m.If(ends):
                m.d.sync += making.eq(count - 1)
            with m.Elif(making.any()):
                m.d.sync += making.eq(making - 1)
            room = room & ~making.any()
        self.ready: Value = ~last | room


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
