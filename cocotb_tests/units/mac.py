"""Scenarios for multiply-accumulate units."""

from typing import Any

import numpy as np
import torch

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.units.mac_spec import MacSpec
from bittrue.golden.units.matmul import matmul
from bittrue.hdl.units.mac import Mac
from cocotb_tests.bench.matrices import Frames, every_pair, random_values
from cocotb_tests.bench.streams import every_way, full_speed

EXHAUSTIVE_BITS = 16
"""Operand bits up to which every pair of operands is multiplied."""

BULK_PRODUCTS = 1_000_000


def scenarios(component: Mac, parameters: dict[str, Any], seed: int, quick: bool) -> list[Scenario]:
    """Return extremes, every pair of operands up to 8 x 8 bits, and a million random products.

    `quick` leaves out the bulk, and every pair above 5 x 5 bits, for continuous integration.
    """
    spec, latency = component.spec, component.latency
    rng = np.random.default_rng(seed)
    stimuli = {"extremes": extremes(spec)}
    if spec.a.width + spec.b.width <= (10 if quick else EXHAUSTIVE_BITS):
        stimuli["every pair"] = exhaustive(spec, rng)
    products = spec.lanes * spec.rows * spec.columns
    stimuli["random"] = random_frames(spec, 300 if quick else -(-BULK_PRODUCTS // products), rng)
    result = [
        full_speed(name, *beats(spec, *stimulus), latency, chunks=stimulus[2].lengths)
        for name, stimulus in stimuli.items()
    ]
    short = random_frames(spec, 200, rng)
    return result + every_way("short", *beats(spec, *short), latency, seed, chunks=short[2].lengths)


def beats(spec: MacSpec, a: Int64, b: Int64, frames: Frames) -> tuple[Columns, Columns]:
    """Return input beats and golden sums.

    Parameters
    ----------
    spec : MacSpec
        Of the unit.
    a, b : ndarray of int64, shapes (beats, rows, lanes) and (beats, columns, lanes)
        Operands.
    frames : Frames
        Which beats are summed.
    """
    inputs = lanes_of("a", a) | lanes_of("b", b) | {"last": frames.last}
    # All lanes of all beats of a frame, side by side, are one long dot product.
    left, right = (
        torch.from_numpy(frames.pad(values)).movedim(1, 2).flatten(2) for values in (a, b)
    )
    sums = matmul(left, right.transpose(1, 2), spec.a, spec.b)
    return inputs, lanes_of("", sums.numpy())


def extremes(spec: MacSpec) -> tuple[Int64, Int64, Frames]:
    """Return the longest frames of every pair of extreme operands: the widest sums there are."""
    corners = every_corner(spec)
    longest = min(spec.longest_frame, 4096)
    last = np.zeros(len(corners) * longest, dtype=np.int64)
    last[longest - 1 :: longest] = 1
    a, b = (np.repeat(values, longest) for values in corners.T)
    return (
        np.broadcast_to(a[:, None, None], (len(a), spec.rows, spec.lanes)),
        np.broadcast_to(b[:, None, None], (len(b), spec.columns, spec.lanes)),
        Frames(last),
    )


def every_corner(spec: MacSpec) -> Int64:
    """Return pairs of extreme operands, shape (pairs, 2)."""
    kinds = (spec.a, spec.b)
    grid = np.meshgrid(*((kind.minimum, kind.maximum) for kind in kinds))
    return np.stack([values.ravel() for values in grid], axis=1)


def exhaustive(spec: MacSpec, rng: np.random.Generator) -> tuple[Int64, Int64, Frames]:
    """Return single beats in which every product of the unit sees every pair of operands.

    Each vector and lane goes through its values in an order of its own, so that neighbouring
    products differ.
    """
    first, second = every_pair(spec.a, spec.b)
    a = _shuffled(spec.a.minimum, first, spec.rows, spec.lanes, rng)
    b = _shuffled(spec.b.minimum, second, spec.columns, spec.lanes, rng)
    return a, b, Frames.single(len(a))


def _shuffled(
    minimum: int, values: Int64, vectors: int, lanes: int, rng: np.random.Generator
) -> Int64:
    """Return `values` once for each vector and lane, exchanged for others one to one."""
    count = int(values.max()) - minimum + 1
    places = [[rng.permutation(count) for _ in range(lanes)] for _ in range(vectors)]
    exchange = np.array(places).transpose(2, 0, 1)
    return exchange[values - minimum] + minimum


def random_frames(
    spec: MacSpec, count: int, rng: np.random.Generator
) -> tuple[Int64, Int64, Frames]:
    """Return random operands in random frames."""
    return (
        random_values(spec.a, (count, spec.rows, spec.lanes), rng),
        random_values(spec.b, (count, spec.columns, spec.lanes), rng),
        Frames.random(count, min(spec.longest_frame, 50), rng),
    )
