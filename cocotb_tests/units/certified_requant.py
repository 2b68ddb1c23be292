"""Scenarios for the certified requantizer: every accumulator that matters, not a sample."""

from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.units.digits_layers import LayerReference, describe_digits, find_layer
from bittrue.golden.certificates.certificate import Reference, StepFunction
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.units.certified_requant import CertifiedRequantizer
from cocotb_tests.bench.streams import every_way, full_speed

MARGIN = 1000
"""Accumulators driven beyond the outermost thresholds, as far as they are reachable."""


def describe_stimulus() -> str:
    """Return a line about where the stimulus comes from."""
    return describe_digits()


def scenarios(
    component: CertifiedRequantizer, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return every accumulator between the outermost thresholds, and the network's own ones.

    Codes come from the layer's reference, not from the certificate. `quick` takes two channels.
    """
    layer = find_layer(parameters["layer"])
    reference = LayerReference(layer, parameters["reference"]).codes
    steps = component.certificate.steps
    rng = np.random.default_rng(seed)

    def scenario_of(name: str, accumulator: Int64, channel: Int64) -> Scenario:
        inputs = {"accumulator": accumulator, "channel": channel}
        expected = {"": codes_of(reference, len(steps), accumulator, channel)}
        return full_speed(name, inputs, expected, component.latency)

    chosen = rng.choice(len(steps), 2, replace=False) if quick else np.arange(len(steps))
    result = [
        scenario_of(f"every accumulator of channel {channel}", *every_accumulator(steps, channel))
        for channel in sorted(int(c) for c in chosen)
    ]
    rows = layer.accumulators[:20] if quick else layer.accumulators
    channels = np.tile(np.arange(rows.shape[1]), len(rows))
    result.append(scenario_of(f"digits {layer.name}", rows.reshape(-1), channels))

    accumulator, channel = reachable_extremes_and_random(steps, rng, 300)
    result += every_way(
        "reachable",
        {"accumulator": accumulator, "channel": channel},
        {"": codes_of(reference, len(steps), accumulator, channel)},
        component.latency,
        seed,
    )
    return result


def codes_of(reference: Reference, channels: int, accumulator: Int64, channel: Int64) -> Int64:
    """Return the reference's codes of accumulators that belong to channels one by one."""
    codes = np.empty_like(accumulator)
    for each in np.unique(channel):
        mine = channel == each
        codes[mine] = reference(np.repeat(accumulator[mine, None], channels, axis=1))[:, each]
    return codes


def every_accumulator(steps: StepFunction, channel: int) -> tuple[Int64, Int64]:
    """Return all accumulators of a channel from before its first threshold to after its last."""
    thresholds = steps.thresholds[channel]
    lowest, highest = steps.accumulator_minimum[channel], steps.accumulator_maximum[channel]
    first = max(int(lowest), int(thresholds[0]) - MARGIN) if len(thresholds) else int(lowest)
    last = min(int(highest), int(thresholds[-1]) + MARGIN) if len(thresholds) else int(highest)
    accumulator = np.arange(first, last + 1, dtype=np.int64)
    return accumulator, np.full_like(accumulator, channel)


def reachable_extremes_and_random(
    steps: StepFunction, rng: np.random.Generator, count: int
) -> tuple[Int64, Int64]:
    """Return both ends of every channel's reachable accumulators, and random ones between."""
    ends = np.stack([steps.accumulator_minimum, steps.accumulator_maximum])
    channel = rng.integers(0, len(steps), count)
    random = rng.integers(ends[0][channel], ends[1][channel], endpoint=True)
    every_channel = np.arange(len(steps))
    return (
        np.concatenate([ends[0], ends[1], random]),
        np.concatenate([every_channel, every_channel, channel]),
    )
