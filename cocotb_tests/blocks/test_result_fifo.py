"""Pipelines that never stall, with places for their results given like credits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.chunks import Chunks
from bittrue.hdl.blocks.pipeline import FreePipeline
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, ResultFifo
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.layers.parts.admission import admitted, results_fifo
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.serializer import Serializer
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.bench.streams import every_manner

CODE = IntegerType(8, True)
SELDOM = 248
"""Of 256 cycles, those in which the output is not ready."""


class LastBeats(wiring.Component):
    """Send on the last beat of each frame of `beats`, an element at a time.

    A position has `channels` elements, of which each frame brings `outputs` until none is left.
    """

    def __init__(self, latency: int, beats: int, outputs: int, channels: int) -> None:
        self.latency = latency
        self.beats = beats
        self.serializer = Serializer(CODE, channels, outputs, 1)
        stages = latency + Serializer.LATENCY
        kind = data.ArrayLayout(shape_of(CODE), 1)
        self.fifo = results_fifo(kind, stages, beats, self.serializer.beats)
        super().__init__({"i": In(code_stream(CODE, outputs)), "o": Out(code_stream(CODE, 1))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.serializer = serializer = self.serializer
        m.submodules.results = fifo = self.fifo
        begun = self.i.valid & self.i.ready
        ready = admitted(m, begun, fifo, self.beats, serializer.beats)
        pipeline = FreePipeline(m, platform, begun, self.latency)
        last = Chunks(m, self.i, self.beats).last
        pipeline.leave_when(pipeline.register("last", last, self.latency - 1))
        codes = pipeline.register("codes", self.i.payload.as_value(), self.latency)
        m.d.comb += [
            self.i.ready.eq(ready),
            serializer.i.valid.eq(pipeline.valid[-1]),
            serializer.i.payload.as_value().eq(codes),
            serializer.o.ready.eq(1),
            fifo.i.valid.eq(serializer.o.valid),
            fifo.i.payload.eq(serializer.o.payload),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


CASES = {
    "one result in every cycle": (1, 1, 1, 1),
    "long": (13, 1, 1, 1),
    "frames": (6, 3, 1, 1),
    "frames longer than the pipeline": (2, 9, 1, 1),
    "more results than beats": (5, 1, 4, 4),
    "as many results as beats": (5, 4, 4, 4),
    "fewer results in the last frame": (4, 2, 3, 7),
}


def scenarios(circuit: LastBeats, seed: int) -> list[Scenario]:
    """Return random frames; each result is to come as early as the frames before it let it."""
    rng = np.random.default_rng(seed)
    beats, results = circuit.beats, circuit.serializer.beats
    frames = 60 * len(results)
    outputs = circuit.serializer.outputs
    codes = rng.integers(-128, 128, (frames, beats, outputs))
    expected: list[Any] = []
    cycles: list[int] = []
    end = free = 0
    for frame in range(frames):
        count = results[frame % len(results)]
        end = max(end + beats, free)
        free = end + count
        first = end + circuit.latency + Serializer.LATENCY + BUFFER_LATENCY
        expected += codes[frame, -1, :count].tolist()
        cycles += range(first, first + count)
    manners = every_manner(
        "frames",
        {"i": lanes_of("", codes.reshape(-1, outputs))},
        {"o": lanes_of("", np.array(expected)[:, None])},
        {"o": np.array(cycles)},
        len(codes) * beats // 2,
        seed,
    )
    # An output that is hardly ever ready: every place is taken before one is free again.
    paused = manners[2]
    run = replace(paused.run, stall={"o": SELDOM})
    return [*manners, replace(paused, name="frames, hardly ever taken", run=run)]


@pytest.mark.regress_on("verilator")
@pytest.mark.parametrize("name", CASES)
def test_results_come_in_order_and_in_time(
    name: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    circuit = LastBeats(*CASES[name])
    verdict = verdict_on(circuit, "frames", scenarios(circuit, 3), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 300


def half_the_places(circuit: LastBeats) -> None:
    circuit.fifo.depth //= 2


def a_result_too_few_reserved(circuit: LastBeats) -> None:
    circuit.serializer.__class__ = type("Fewer", (Serializer,), {"beats": property(lambda _: [3])})


def room_for_one_is_enough(circuit: LastBeats) -> None:
    circuit.fifo.results = 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("long", half_the_places),
        ("more results than beats", a_result_too_few_reserved),
        ("more results than beats", room_for_one_is_enough),
    ],
)
def test_faults_are_caught(
    name: str,
    fault: Callable[[LastBeats], None],
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
) -> None:
    circuit = LastBeats(*CASES[name])
    expected = scenarios(circuit, 3)
    fault(circuit)
    verdict = verdict_on(circuit, "broken", expected, any_simulator, builds, tmp_path)
    assert not verdict.passed


@pytest.mark.parametrize(
    ("numbers", "places"), [((0, 1, 1), 2), ((6, 1, 1), 8), ((6, 1, 9), 2), ((5, 4, 4), 16)]
)
def test_there_are_places_for_all_that_is_under_way(
    numbers: tuple[int, int, int], places: int
) -> None:
    latency, results, interval = numbers
    assert ResultFifo(8, latency, results, interval).depth == places


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match="interval is 0; allowed: at least 1"):
        ResultFifo(8, 1, interval=0)
