"""Scenarios for matrix-vector units."""

from typing import Any

import numpy as np
import torch

from cocotb_tests.matrices import Frames, Int64, random_values
from cocotb_tests.streams import every_way, lanes_of
from flows.bench.payload import Columns
from flows.bench.scenario import Scenario
from golden.dot import dot
from golden.dot_spec import DotSpec
from golden.integer_type import IntegerType
from hdl.dot import Dot

BULK_PRODUCTS = 1_000_000


def scenarios(component: Dot, parameters: dict[str, Any], seed: int, quick: bool) -> list[Scenario]:
    """Return extremes, a million random products, and every manner of streaming.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec, latency = component.spec, component.latency
    rng = np.random.default_rng(seed)
    products = spec.lanes * spec.outputs
    bulk = 300 if quick else -(-BULK_PRODUCTS // products)
    result = [_extremes(spec, latency)]
    result.append(_random(spec, bulk, rng).full_speed("random", latency))
    return result + _random(spec, 200, rng).every_way("short", latency, seed)


class Stimulus:
    """Dot products of random weights, one after the other, with golden outputs."""

    def __init__(
        self, spec: DotSpec, x: Int64, w: Int64, frames: Frames, bias: Int64, zero: Int64
    ) -> None:
        self.frames = frames
        self.inputs = lanes_of("x", x) | lanes_of("w", w) | {"last": frames.last}
        self.constants: dict[str, Int64] = lanes_of("bias", bias)
        if spec.weight_zero_point:
            self.constants |= lanes_of("weight_zero_point", zero)
        left, right = frames.pad(x), frames.pad(w).transpose(0, 2, 1, 3)
        outputs = [
            dot(*(torch.from_numpy(part) for part in parts), spec)[0].numpy()
            for parts in zip(
                left.reshape(len(left), 1, -1),
                right.reshape(*right.shape[:2], -1),
                bias,
                zero,
                strict=True,
            )
        ]
        self.expected: Columns = lanes_of("", np.stack(outputs))

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
