"""Scenarios for the units with coded weights: ternary, logmul and lutmul."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.units.coded import coded_dot
from bittrue.golden.units.coded_spec import CodedSpec
from bittrue.hdl.units.coded import CodedDotProduct
from cocotb_tests.bench.streams import every_way, full_speed

BULK = 1 << 20
"""Random products at least."""


@dataclass(frozen=True)
class Stimulus:
    """Frames: inputs and weight codes of shape (beats, lanes), and the beats of each frame."""

    name: str
    inputs: Int64
    codes: Int64
    beats: Int64

    def columns(self) -> Columns:
        """Return the beats of the unit's input."""
        last = np.zeros(len(self.inputs), dtype=np.int64)
        last[np.cumsum(self.beats) - 1] = 1
        return {**lanes_of("input", self.inputs), **lanes_of("weight", self.codes), "last": last}

    def results(self, spec: CodedSpec) -> Columns:
        """Return the golden sums: each frame is a product of two vectors."""
        rows = coded_dot(
            torch.from_numpy(self.inputs)[:, None], torch.from_numpy(self.codes)[:, None], spec.code
        )[:, 0, 0]
        frame = torch.repeat_interleave(torch.from_numpy(self.beats))
        sums = torch.zeros(len(self.beats), dtype=torch.int64).index_add_(0, frame, rows)
        return {"": sums.numpy()}


def scenarios(
    component: CodedDotProduct, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return every pair of operands, extremes, and seeded random frames.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    products = 5_000 if quick else BULK
    stimuli = [extremes(spec), random_frames("random", spec, rng, -(-products // spec.lanes))]
    if spec.input.width + spec.code.width <= (12 if quick else 16):
        stimuli.append(every_pair(spec))
    result = [
        full_speed(
            each.name,
            each.columns(),
            each.results(spec),
            component.latency,
            describe="frame {}".format,
            chunks=each.beats,
        )
        for each in stimuli
    ]
    short = random_frames("short", spec, rng, 100)
    return result + every_way(
        "short",
        short.columns(),
        short.results(spec),
        component.latency,
        seed,
        chunks=short.beats,
    )


def random_frames(name: str, spec: CodedSpec, rng: np.random.Generator, beats: int) -> Stimulus:
    """Return random operands in frames of one beat to the longest."""
    shape = (beats, spec.lanes)
    inputs = rng.integers(spec.input.minimum, spec.input.maximum, shape, endpoint=True)
    codes = rng.integers(0, len(spec.code.values), shape)
    lengths: list[int] = []
    while sum(lengths) < beats:
        longest = min(spec.length // spec.lanes, beats - sum(lengths))
        lengths.append(int(rng.integers(1, min(longest, 9), endpoint=True)))
    return Stimulus(name, inputs, codes, np.array(lengths))


def extremes(spec: CodedSpec) -> Stimulus:
    """Return frames as long as allowed, with the extreme inputs and every code."""
    beats = min(spec.length // spec.lanes, 1024)
    cases = [
        (number, code)
        for number in (spec.input.minimum, spec.input.maximum)
        for code in range(len(spec.code.values))
    ]
    numbers, codes = (
        np.array(column).repeat(beats)[:, None].repeat(spec.lanes, axis=1)
        for column in zip(*cases, strict=True)
    )
    return Stimulus("extremes", numbers, codes, np.full(len(cases), beats))


def every_pair(spec: CodedSpec) -> Stimulus:
    """Return all pairs of operands, each alone in a frame, from lane to lane in turn."""
    numbers, codes = np.meshgrid(
        np.arange(spec.input.minimum, spec.input.maximum + 1), np.arange(len(spec.code.values))
    )
    count = numbers.size
    lane = np.arange(count) % spec.lanes
    inputs = np.zeros((count, spec.lanes), dtype=np.int64)
    weights = np.zeros((count, spec.lanes), dtype=np.int64)
    inputs[np.arange(count), lane] = numbers.ravel()
    weights[np.arange(count), lane] = codes.ravel()
    return Stimulus("every pair", inputs, weights, np.ones(count, dtype=np.int64))
