"""Scenarios for the requantizer of all channels."""

from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.units.layers import RequantizerKind, example_bounds, example_fixed_point
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.requant import requantize
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer
from cocotb_tests.bench.streams import every_way, full_speed


def scenarios(
    component: ChannelRequantizer, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random and extreme accumulators of every channel, in bulk and in every manner.

    Codes come from golden's fixed-point requantization, also where the circuit has a certificate.
    """
    rng = np.random.default_rng(seed)
    spec = component.spec
    bounds = example_bounds(spec.accumulator, spec.channels)
    output = parameters["output"]
    reference = example_fixed_point(bounds, output, parameters["entries"])

    def stimulus(pixels: int) -> tuple[dict[str, Int64], dict[str, Int64]]:
        accumulators = rng.integers(
            bounds.minimum, bounds.maximum, (pixels, spec.channels), endpoint=True
        )
        accumulators[:2] = bounds.minimum, bounds.maximum
        given = accumulators
        if spec.bias is not None:
            given = wrapped(accumulators - spec.bias, spec.accumulator)
        codes = accumulators
        if parameters["requantizer"] is not RequantizerKind.NONE:
            codes = requantize(
                torch.from_numpy(accumulators), reference.channels, reference.rounding
            ).numpy()
        beats = (-1, spec.lanes)
        return lanes_of("", given.reshape(beats)), lanes_of("", codes.reshape(beats))

    latency = component.latency
    return [
        full_speed("random", *stimulus(100 if quick else 20_000), latency),
        *every_way("short", *stimulus(30), latency, seed),
    ]


def wrapped(values: Int64, kind: IntegerType) -> Int64:
    """Return integers modulo the range of a signed type."""
    return ((values - kind.minimum) & ((1 << kind.width) - 1)) + kind.minimum
