"""Scenarios for maxima and sums of windows."""

import numpy as np

from bittrue.flows.simulation.bench.payload import as_beats, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.layers.parts.window_reduce import Reduction, WindowReduce
from cocotb_tests.bench.streams import every_way


def scenarios(
    component: WindowReduce, parameters: object, seed: int, quick: bool
) -> list[Scenario]:
    """Return random windows in every manner; expected is what numpy makes of them."""
    windows, kind = (60 if quick else 5_000), component.kind
    shape = (windows, component.beats, component.rows, component.lanes)
    rng = np.random.default_rng(seed)
    taps = rng.integers(kind.minimum, kind.maximum, shape, endpoint=True)
    taps[:2] = np.array([kind.minimum, kind.maximum])[:, None, None, None]
    reduced = (
        taps.max(axis=(1, 2)) if component.reduction is Reduction.MAXIMUM else taps.sum(axis=(1, 2))
    )
    return every_way(
        "windows",
        as_beats(taps, component.rows * component.lanes),
        lanes_of("", reduced),
        component.latency,
        seed,
        chunks=component.beats,
    )
