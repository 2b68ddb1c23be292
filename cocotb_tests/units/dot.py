"""Scenarios for matrix-vector units."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.dot import dot
from bittrue.golden.units.dot_spec import DotSpec
from bittrue.hdl.units.dot import Dot
from cocotb_tests.bench.digits_matrices import digits_layers_at
from cocotb_tests.bench.matrices import Frames, random_values
from cocotb_tests.bench.streams import every_way

BULK_PRODUCTS = 1_000_000


def scenarios(component: Dot, parameters: dict[str, Any], seed: int, quick: bool) -> list[Scenario]:
    """Return extremes, a million random products, the digits network's layers, and every manner.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec, latency = component.spec, component.latency
    rng = np.random.default_rng(seed)
    products = spec.lanes * spec.outputs
    bulk = 300 if quick else -(-BULK_PRODUCTS // products)
    result = [_extremes(spec, latency)]
    result.append(_random(spec, bulk, rng).full_speed("random", latency))
    result += list(_digits(spec, latency, 2 if quick else 40, seed))
    return result + _random(spec, 200, rng).every_way("short", latency, seed)


def _digits(spec: DotSpec, latency: int, pixels: int, seed: int) -> Iterator[Scenario]:
    """Yield the layers of the digits network whose numbers and lengths the unit takes."""
    for bits in (8, 4, 2):
        for layer in digits_layers_at(bits, pixels, seed):
            inputs, weights, sums = layer.matrices()
            fits = layer.input_type.fits(spec.inputs) and layer.weight_type.fits(spec.weights)
            if not fits or len(weights) > spec.length:
                continue
            stimulus = _matrix_product(spec, inputs, weights, sums)
            yield stimulus.full_speed(f"digits {layer.name}, {bits} bits", latency)


def _matrix_product(spec: DotSpec, inputs: Int64, weights: Int64, sums: Int64) -> "Stimulus":
    """Return every row of `inputs` times every group of as many columns as there are outputs."""
    beats = -(-len(weights) // spec.lanes)
    groups = -(-weights.shape[1] // spec.outputs)
    more = beats * spec.lanes - len(weights), groups * spec.outputs - weights.shape[1]
    x = np.pad(inputs, ((0, 0), (0, more[0]))).reshape(len(inputs), 1, beats, spec.lanes)
    w = np.pad(weights, ((0, more[0]), (0, more[1])))
    w = w.reshape(1, beats, spec.lanes, groups, spec.outputs).transpose(0, 3, 1, 4, 2)
    count = len(inputs) * groups
    last = np.zeros((count, beats), dtype=np.int64)
    last[:, -1] = 1
    nothing = np.zeros((count, spec.outputs), dtype=np.int64)
    return Stimulus(
        spec,
        np.broadcast_to(x, (len(inputs), groups, *x.shape[2:])).reshape(-1, spec.lanes),
        np.broadcast_to(w, (len(inputs), *w.shape[1:])).reshape(-1, spec.outputs, spec.lanes),
        Frames(last.ravel()),
        nothing,
        nothing,
        np.pad(sums, ((0, 0), (0, more[1]))).reshape(-1, spec.outputs),
    )


class Stimulus:
    """Dot products, each with weights of its own, and their golden outputs if not given."""

    def __init__(
        self,
        spec: DotSpec,
        x: Int64,
        w: Int64,
        frames: Frames,
        bias: Int64,
        zero: Int64,
        outputs: Int64 | None = None,
    ) -> None:
        self.frames = frames
        self.inputs = lanes_of("x", x) | lanes_of("w", w) | {"last": frames.last}
        self.constants: dict[str, Int64] = lanes_of("bias", bias)
        if spec.weight_zero_point:
            self.constants |= lanes_of("weight_zero_point", zero)
        if outputs is None:
            outputs = _golden(spec, frames.pad(x), frames.pad(w), bias, zero)
        self.expected: Columns = lanes_of("", outputs)

    def every_way(self, name: str, latency: int, seed: int) -> list[Scenario]:
        """Stream it in every manner."""
        return every_way(
            name,
            self.inputs,
            self.expected,
            latency,
            seed,
            chunks=self.frames.lengths,
            beside={"constants": self.constants},
        )

    def full_speed(self, name: str, latency: int) -> Scenario:
        """Stream it without pauses."""
        return self.every_way(name, latency, 1)[0]


def _golden(spec: DotSpec, x: Int64, w: Int64, bias: Int64, zero: Int64) -> Int64:
    """Return golden outputs of frames, stacked as `Frames.pad` does."""
    flat_x = x.reshape(len(x), 1, -1)
    flat_w = w.transpose(0, 2, 1, 3).reshape(len(w), spec.outputs, -1)
    frames = zip(*map(torch.from_numpy, (flat_x, flat_w, bias, zero)), strict=True)
    rows = [dot(row, matrix, b, z, spec)[0].numpy() for row, matrix, b, z in frames]
    return np.stack(rows)


def _random(spec: DotSpec, count: int, rng: np.random.Generator) -> Stimulus:
    frames = Frames.random(count, min(spec.mac.longest_frame, 50), rng)
    outputs = (len(frames.lengths), spec.outputs)
    zero = random_values(spec.weights, outputs, rng) * spec.weight_zero_point
    return Stimulus(
        spec,
        random_values(spec.inputs, (count, spec.lanes), rng),
        random_values(spec.weights, (count, spec.outputs, spec.lanes), rng),
        frames,
        random_values(spec.bias, outputs, rng),
        zero,
    )


def _extremes(spec: DotSpec, latency: int) -> Scenario:
    """Return the longest dot products of every combination of extremes."""
    kinds: list[IntegerType] = [spec.inputs, spec.weights, spec.bias, spec.weights]
    grid = np.meshgrid(*((kind.minimum, kind.maximum) for kind in kinds))
    x, w, bias, zero = (values.ravel() for values in grid)
    longest = min(spec.mac.longest_frame, 1024)
    last = np.zeros(len(x) * longest, dtype=np.int64)
    last[longest - 1 :: longest] = 1
    shape = (len(x), spec.outputs)
    stimulus = Stimulus(
        spec,
        np.broadcast_to(np.repeat(x, longest)[:, None], (len(last), spec.lanes)),
        np.broadcast_to(
            np.repeat(w, longest)[:, None, None], (len(last), spec.outputs, spec.lanes)
        ),
        Frames(last),
        np.broadcast_to(bias[:, None], shape).copy(),
        np.broadcast_to(zero[:, None] * spec.weight_zero_point, shape).copy(),
    )
    return stimulus.full_speed("extremes", latency)
