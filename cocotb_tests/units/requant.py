"""Scenarios for the generic requantizer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import Columns
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.units.digits_layers import describe_digits, digits_layers
from bittrue.golden.executor.layer_trace import LayerTrace
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding
from bittrue.golden.numbers.xorshift import xorshift32
from bittrue.golden.units.requant import requantize
from bittrue.hdl.units.requant import Requantizer, encode_channels
from cocotb_tests.bench.streams import every_way, full_speed


@dataclass(frozen=True)
class Stimulus:
    """Accumulators, each with the values of its channel."""

    name: str
    accumulator: Int64
    channels: RequantChannels

    def columns(self) -> Columns:
        """Return the beats of the requantizer's input."""
        encoded = {f"channel.{name}": v for name, v in encode_channels(self.channels).items()}
        return {"accumulator": self.accumulator, **encoded}

    def codes(self, rounding: Rounding, random_seed: int) -> Columns:
        """Return the golden codes; stochastic rounding starts from the circuit's reset."""
        accumulator = torch.from_numpy(self.accumulator)[None]
        states = xorshift32(random_seed, len(self.accumulator)).astype(np.int64)
        random = torch.from_numpy(states & ((1 << RANDOM_BITS) - 1))
        return {"": requantize(accumulator, self.channels, rounding, random)[0].numpy()}


def describe_stimulus() -> str:
    """Return a line about where the stimulus comes from."""
    return describe_digits()


def scenarios(
    component: Requantizer, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return directed corners, seeded random and a real network's accumulators.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    corners = corner_stimulus(spec, rng, 300 if quick else 20_000)
    noise = random_stimulus(spec, rng, 300 if quick else 100_000)
    short = random_stimulus(spec, rng, 200)
    result = []
    for control, rounding in enumerate(spec.roundings):
        controls = {"rounding": control} if len(spec.roundings) > 1 else {}
        for stimulus in (corners, noise, *network_stimulus(spec, 20 if quick else None)):
            result.append(
                full_speed(
                    f"{rounding.value}, {stimulus.name}",
                    stimulus.columns(),
                    stimulus.codes(rounding, component.random_seed),
                    component.LATENCY,
                    controls,
                )
            )
        ways = every_way(
            f"{rounding.value}, short",
            short.columns(),
            short.codes(rounding, component.random_seed),
            component.LATENCY,
            seed,
            controls,
        )
        if rounding is Rounding.STOCHASTIC:  # Its random numbers go on where no reset intervenes.
            ways = [way for way in ways if way.run.reset]
        result += ways
    return result


def corner_stimulus(spec: RequantSpec, rng: np.random.Generator, count: int) -> Stimulus:
    """Return extremes, ties of both signs, saturations, every exponent and extreme multipliers."""
    kind, width = spec.accumulator, spec.multiplier_width
    exponents = np.arange(spec.minimum_exponent, spec.maximum_exponent + 1)
    half = 1 << (width - 1)
    multipliers = [0, 1, half, half + 1, (1 << width) - 1]
    cases = [
        (accumulator, multiplier, exponent)
        for exponent in exponents
        for multiplier in multipliers
        for accumulator in _corner_accumulators(spec, int(exponent))
    ]
    chosen = rng.permutation(len(cases))[:count]
    accumulator, multiplier, exponent = np.array(cases, dtype=np.int64)[chosen].T
    zero_points = np.array([spec.output.minimum, 0, spec.output.maximum])
    channels = RequantChannels(spec, multiplier, exponent, rng.choice(zero_points, len(chosen)))
    return Stimulus("corners", np.clip(accumulator, kind.minimum, kind.maximum), channels)


def _corner_accumulators(spec: RequantSpec, exponent: int) -> Iterator[int]:
    """Yield extremes, small values, and values around ties under a multiplier of one half."""
    kind = spec.accumulator
    yield from (kind.minimum, kind.minimum + 1, kind.maximum - 1, kind.maximum, -1, 0, 1)
    for odd in (-5, -3, -1, 1, 3, 5, 2 * spec.output.maximum - 1, 2 * spec.output.maximum + 1):
        tie = odd << max(-exponent, 0)
        yield from (value for value in (tie - 1, tie, tie + 1) if value in kind)


def random_stimulus(spec: RequantSpec, rng: np.random.Generator, count: int) -> Stimulus:
    """Return accumulators of every magnitude with random channels."""
    kind, output = spec.accumulator, spec.output
    magnitude = rng.integers(1, kind.width, count)
    accumulator = rng.integers(kind.minimum, kind.maximum, count, endpoint=True) >> magnitude
    bounds = np.sort(
        rng.integers(output.minimum, output.maximum, (2, count), endpoint=True), axis=0
    )
    unclamped = rng.random(count) < 0.7
    channels = RequantChannels(
        spec,
        rng.integers(0, 1 << spec.multiplier_width, count),
        rng.integers(spec.minimum_exponent, spec.maximum_exponent, count, endpoint=True),
        rng.integers(output.minimum, output.maximum, count, endpoint=True),
        np.where(unclamped, output.minimum, bounds[0]),
        np.where(unclamped, output.maximum, bounds[1]),
    )
    return Stimulus("random", accumulator, channels)


def network_stimulus(spec: RequantSpec, images: int | None) -> list[Stimulus]:
    """Return the accumulators of every layer of the digits network over its test images.

    None where the requantizer's widths are not those of the network. `images` limits how many of
    the images are used.
    """
    result = []
    for layer in digits_layers().values():
        given = layer.channels
        same_types = (given.spec.output, given.spec.multiplier_width) == (
            spec.output,
            spec.multiplier_width,
        )
        if not same_types or given.exponent.max() > spec.maximum_exponent:
            return []
        rows = layer.accumulators[: _row_count(layer, images)]
        if rows.min() not in spec.accumulator or rows.max() not in spec.accumulator:
            return []
        channel = np.tile(np.arange(rows.shape[1]) % len(given), len(rows))
        channels = RequantChannels(
            spec,
            *(
                getattr(given, name)[channel]
                for name in ("multiplier", "exponent", "zero_point", "minimum", "maximum")
            ),
        )
        result.append(Stimulus(f"digits {layer.name}", rows.reshape(-1), channels))
    return result


def _row_count(layer: LayerTrace, images: int | None) -> int:
    rows = len(layer.accumulators)
    return rows if images is None else min(rows, images)
