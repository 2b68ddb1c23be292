"""Scenarios for the XNOR-popcount unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.units.xnor import apply_thresholds, xnor_dot
from bittrue.golden.units.xnor_spec import SignThresholds, XnorSpec
from bittrue.hdl.units.xnor import XnorPopcount
from cocotb_tests.bench.digits_matrices import digits_layers_at
from cocotb_tests.bench.streams import every_way, full_speed, in_chunks

BULK = 1 << 20
"""Random products at least."""


@dataclass(frozen=True)
class Stimulus:
    """Pairs of binary vectors, and a threshold for each pair."""

    name: str
    inputs: Int64
    weights: Int64
    thresholds: SignThresholds

    def columns(self, spec: XnorSpec) -> Columns:
        """Return the beats of the unit's input, with noise in the lanes that do not count."""
        noise = np.random.default_rng(len(self.inputs)).integers(0, 2, 8191)
        fields = lanes_of("input", in_chunks(self.inputs, spec.lanes, noise))
        fields |= lanes_of("weight", in_chunks(self.weights, spec.lanes, noise[::-1]))
        if spec.thresholded:  # Of later chunks the threshold is ignored, so it is another one.
            fields |= {
                "threshold": _first_of(spec, self.thresholds.threshold, spec.length),
                "inverted": _first_of(spec, self.thresholds.inverted.astype(np.int64), 1),
            }
        return fields

    def results(self, spec: XnorSpec) -> Columns:
        """Return the golden results."""
        inputs, weights = (torch.from_numpy(each)[:, None] for each in (self.inputs, self.weights))
        dots = xnor_dot(inputs, weights)[:, 0, 0]
        return {"": (apply_thresholds(dots, self.thresholds) if spec.thresholded else dots).numpy()}


def scenarios(
    component: XnorPopcount, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return every pair of short vectors, extremes, random vectors and the digits network at 1 bit.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    bulk = max(-(-BULK // spec.length), 1)
    stimuli = [
        extremes(spec, rng),
        random_vectors("random", spec, rng, min(bulk, 100) if quick else bulk),
    ]
    if 2 * spec.length <= (10 if quick else 16):
        stimuli.append(every_pair(spec, rng))
    result = [
        full_speed(
            each.name,
            each.columns(spec),
            each.results(spec),
            component.latency,
            describe=f"{each.name} vector {{}}".format,
            chunks=spec.chunks,
        )
        for each in stimuli
    ]
    result += list(_digits(component, 2 if quick else 100, seed))
    short = random_vectors("short", spec, rng, 60)
    return result + every_way(
        "short",
        short.columns(spec),
        short.results(spec),
        component.latency,
        seed,
        chunks=spec.chunks,
    )


def _digits(component: XnorPopcount, pixels: int, seed: int) -> Iterator[Scenario]:
    """Yield the layers of the digits network that are no longer than the unit's vectors.

    Elements that a layer lacks are -1 in both vectors, and so add one each.
    """
    spec = component.spec
    for layer in digits_layers_at(1, pixels, seed):
        missing = spec.length - layer.inputs.shape[1]
        if missing < 0:
            continue
        inputs, weights = (
            np.pad((side + 1) // 2, ((0, 0), (0, missing)))
            for side in (layer.inputs, layer.weights)
        )
        thresholds = _near(spec, np.random.default_rng(seed), inputs, weights)
        stimulus = Stimulus(f"digits {layer.name}", inputs, weights, thresholds)
        dots = layer.sums + missing
        if spec.thresholded:
            dots = apply_thresholds(torch.from_numpy(dots), thresholds).numpy()
        yield full_speed(
            stimulus.name,
            stimulus.columns(spec),
            {"": dots},
            component.latency,
            describe=f"{layer.name}, pair {{}}".format,
            chunks=spec.chunks,
        )


def random_vectors(name: str, spec: XnorSpec, rng: np.random.Generator, count: int) -> Stimulus:
    """Return pairs from hardly equal to almost equal, with thresholds near their agreements."""
    inputs = rng.integers(0, 2, (count, spec.length))
    similarity = rng.random((count, 1))
    weights = np.where(rng.random(inputs.shape) < similarity, inputs, 1 - inputs)
    return Stimulus(name, inputs, weights, _near(spec, rng, inputs, weights))


def extremes(spec: XnorSpec, rng: np.random.Generator) -> Stimulus:
    """Return vectors that agree everywhere, nowhere, and everywhere but in one element."""
    patterns = np.array([[0], [1]]).repeat(spec.length, axis=1)
    alternating = np.arange(spec.length)[None] % 2
    inputs = np.concatenate([patterns, alternating, 1 - alternating])
    weights = np.concatenate([inputs, 1 - inputs])
    inputs = np.concatenate([inputs, inputs])
    single = np.minimum(spec.length, 64)
    flipped = np.zeros((single, spec.length), dtype=np.int64)
    flipped[np.arange(single), spec.length - 1 - np.arange(single)] = 1
    inputs = np.concatenate([inputs, np.zeros_like(flipped), flipped])
    weights = np.concatenate([weights, flipped, 1 - np.zeros_like(flipped)])
    return Stimulus("extremes", inputs, weights, _near(spec, rng, inputs, weights))


def every_pair(spec: XnorSpec, rng: np.random.Generator) -> Stimulus:
    """Return all pairs of vectors."""
    numbers = np.arange(1 << (2 * spec.length))
    bits = (numbers[:, None] >> np.arange(2 * spec.length)) & 1
    inputs, weights = bits[:, : spec.length], bits[:, spec.length :]
    return Stimulus("every pair", inputs, weights, _near(spec, rng, inputs, weights))


def _near(
    spec: XnorSpec, rng: np.random.Generator, inputs: Int64, weights: Int64
) -> SignThresholds:
    """Return thresholds one below, at and one above the agreements, and extreme ones."""
    agreements = (inputs == weights).sum(1)
    close = np.clip(agreements + rng.integers(-2, 2, len(inputs)), 0, spec.length)
    extreme = rng.choice([0, spec.length], len(inputs))
    chosen = np.where(rng.random(len(inputs)) < 0.8, close, extreme)
    return SignThresholds(spec.length, chosen, rng.integers(0, 2, len(inputs)))


def _first_of(spec: XnorSpec, values: Int64, complement: int) -> Int64:
    """Return each value with the first chunk of its vector, and its complement with the others."""
    chunks = np.repeat((complement - values)[:, None], spec.chunks, axis=1)
    chunks[:, 0] = values
    return chunks.ravel()
