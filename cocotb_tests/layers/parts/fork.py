"""Scenarios for one stream to several consumers."""

import numpy as np

from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.blocks.shapes import type_of
from bittrue.hdl.layers.parts.fork import Fork
from cocotb_tests.bench.streams import every_manner


def scenarios(component: Fork, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return random beats in every manner; each consumer pauses when it likes."""
    count = 150 if quick else 10_000
    kind = type_of(component.i.payload.shape().elem_shape)
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.minimum, kind.maximum, (count, component.lanes), endpoint=True)
    columns = lanes_of("", codes)
    outputs = [f"o{index}" for index in range(component.outputs)]
    cycles = np.arange(1, count + 1) + component.latency
    return every_manner(
        "beats",
        {"i": columns},
        dict.fromkeys(outputs, columns),
        dict.fromkeys(outputs, cycles),
        count,
        seed,
    )
