"""Scenarios for the layer that keeps some rows and columns."""

import numpy as np

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.blocks.shapes import type_of
from bittrue.hdl.layers.parts.subsample import Subsample
from cocotb_tests.bench.streams import every_manner


def scenarios(component: Subsample, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return images in every manner; expected is numpy's slice with steps."""
    images = 4 if quick else 40
    kind = type_of(component.i.payload.shape().elem_shape)
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.minimum, kind.maximum, (images, *component.shape), endpoint=True)
    kept = codes[:, :: component.stride[0], :: component.stride[1]]
    beats_in = component.cycles_per_image()
    needed = component.inputs_needed(np.arange(0, kept[0].size, component.lanes))
    starts = np.arange(images)[:, None] * beats_in
    cycles = (component.latency + starts + needed // component.lanes).ravel()
    return every_manner(
        "images",
        {"i": as_beats(codes, component.lanes)},
        {"o": as_beats(kept, component.lanes)},
        {"o": cycles},
        images * beats_in,
        seed,
    )
