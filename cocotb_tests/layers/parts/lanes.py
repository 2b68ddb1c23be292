"""Scenarios for more or fewer elements to a beat."""

import numpy as np

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.blocks.shapes import type_of
from bittrue.hdl.layers.parts.lanes import Lanes
from cocotb_tests.bench.streams import every_manner


def scenarios(component: Lanes, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return random elements in every manner; the narrower side is never idle at full speed."""
    lanes_in, lanes_out = component.lanes_in, component.lanes_out
    wide = max(lanes_in, lanes_out)
    elements = (60 if quick else 5_000) * wide
    kind = type_of(component.i.payload.shape().elem_shape)
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.minimum, kind.maximum, elements, endpoint=True)
    beat = np.arange(elements // lanes_out)
    cycles = component.latency + (
        component.inputs_needed(beat * lanes_out) // lanes_in if lanes_in < lanes_out else beat + 1
    )
    return every_manner(
        "elements",
        {"i": as_beats(codes, lanes_in)},
        {"o": as_beats(codes, lanes_out)},
        {"o": cycles},
        int(cycles[-1]) * 3 // 4,
        seed,
    )
