"""Scenarios for systolic arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.units.matmul import matmul
from bittrue.golden.units.systolic import cut_into_tiles, cut_into_weight_tiles
from bittrue.golden.units.systolic_spec import Dataflow, SystolicSpec
from bittrue.hdl.units.output_stationary import OutputStationaryArray
from bittrue.hdl.units.weight_stationary import TILE_CYCLES, WeightStationaryArray
from cocotb_tests.bench.digits_matrices import digits_layers_at
from cocotb_tests.bench.matrices import random_values
from cocotb_tests.bench.streams import every_way

Array = OutputStationaryArray | WeightStationaryArray

BULK_PRODUCTS = 1_000_000


def scenarios(
    component: Array, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return matrix products of many sizes, tails on every side, a million random products,
    and the digits network's layers.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    rows, columns = spec.rows, spec.columns
    deep = min(spec.length, 50)
    sizes = {
        "whole tiles": (2 * rows, max(deep, rows), 2 * columns),
        "tails": (rows + 1, max(deep, rows), columns + 1),
        "a row": (1, max(deep, rows), 2 * columns),
    }
    if not quick:
        n, k = 4 * columns + 1, min(spec.length, 300)
        sizes["bulk"] = (-(-BULK_PRODUCTS // (n * k)), k, n)
    result = []
    for name, (m, k, n) in sizes.items():
        if k <= spec.length:
            a, b = (random_values(kind, s, rng) for kind, s in ((spec.a, (m, k)), (spec.b, (k, n))))
            result += product(component, f"{name} {m}x{k}x{n}", a, b, seed)[:1]
    result += list(_digits(component, 5 if quick else 100, seed))
    brief = min(spec.length, 8)
    a, b = (
        random_values(kind, shape, rng)
        for kind, shape in ((spec.a, (3 * rows + 1, brief)), (spec.b, (brief, 4 * columns)))
    )
    return result + product(component, "short", a, b, seed)


def _digits(component: Array, pixels: int, seed: int) -> Iterator[Scenario]:
    """Yield the layers of the digits network whose numbers and lengths the array takes."""
    spec = component.spec
    for bits in (8, 4, 2):
        for layer in digits_layers_at(bits, pixels, seed):
            inputs, weights, sums = layer.matrices()
            fits = layer.input_type.fits(spec.a) and layer.weight_type.fits(spec.b)
            if fits and len(weights) <= spec.length:
                name = f"digits {layer.name}, {bits} bits"
                yield product(component, name, inputs, weights, seed, sums)[0]


def product(
    component: Array, name: str, a: Int64, b: Int64, seed: int, result: Int64 | None = None
) -> list[Scenario]:
    """Return a matrix product streamed in every manner, with its golden result if not given."""
    spec = component.spec
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    whole = matmul(left, right, spec.a, spec.b) if result is None else torch.from_numpy(result)
    operands = left, right, whole
    if spec.dataflow is Dataflow.OUTPUT_STATIONARY:
        inputs, rows, cycles = output_stationary_beats(spec, *operands)
        beside = {}
    else:
        inputs, weights, rows, cycles = weight_stationary_beats(spec, *operands)
        beside = {"w": weights}
    expected = lanes_of("", rows.numpy())
    return every_way(name, inputs, expected, component.latency, seed, chunks=cycles, beside=beside)


def output_stationary_beats(
    spec: SystolicSpec, a: Tensor, b: Tensor, result: Tensor
) -> tuple[Columns, Tensor, Int64]:
    """Return input beats, rows of results, and the cycles from each row to the next.

    A tile takes as many cycles as it has steps, but no fewer than it has rows of results.
    """
    tiles = cut_into_tiles(a, b, spec)
    count, steps, _ = tiles.a.shape
    last = np.zeros((count, steps), dtype=np.int64)
    last[:, -1] = 1
    inputs = (
        lanes_of("a", tiles.a.flatten(0, 1).numpy())
        | lanes_of("b", tiles.b.flatten(0, 1).numpy())
        | {"last": last.ravel()}
    )
    down, across = -(-a.shape[0] // spec.rows), -(-b.shape[1] // spec.columns)
    whole = pad(
        result,
        (0, across * spec.columns - b.shape[1], 0, down * spec.rows - a.shape[0]),
    )
    results = whole.reshape(down, spec.rows, across, spec.columns).transpose(1, 2).flatten(0, 2)
    cycles = np.ones((count, spec.rows), dtype=np.int64)
    cycles[:, 0] = max(steps, spec.rows) - (spec.rows - 1)
    cycles[0, 0] = steps
    return inputs, results, cycles.ravel()


def weight_stationary_beats(
    spec: SystolicSpec, a: Tensor, b: Tensor, result: Tensor
) -> tuple[Columns, Columns, Tensor, Int64]:
    """Return input beats, weights, rows of results, and the cycles from row to row."""
    tiles = cut_into_weight_tiles(a, b, spec)
    inputs = lanes_of("a", tiles.a.numpy()) | {
        "first": tiles.first.numpy(),
        "final": tiles.final.numpy(),
        "last": tiles.last.numpy(),
    }
    whole = pad(result, (0, -b.shape[1] % spec.columns))
    results = torch.cat(
        [whole[top:end, left : left + spec.columns] for top, end, left in tiles.blocks]
    )
    final = tiles.final.numpy() == 1
    accepted = _cycles_of_rows(spec.rows, tiles.last.numpy(), final)[final]
    return inputs, lanes_of("", tiles.w.numpy()), results, np.diff(accepted, prepend=0)


def _cycles_of_rows(rows: int, last: Int64, final: NDArray[np.bool_]) -> Int64:
    """Return when each row of `a` is accepted where nothing pauses, counted from 1.

    A tile is loaded while the one before is used, as soon as the one before that is not used any
    more; it is used from the cycle after its last weights, `TILE_CYCLES` after the start of a tile
    to whose sums it adds.
    """
    ends = np.flatnonzero(last)
    loaded, finished, returned = 0, [0, 0], 0
    cycles = []
    for length, leaves in zip(np.diff(ends, prepend=-1), final[ends], strict=True):
        loaded = max(loaded, finished[-2]) + rows
        start = max(loaded + 1, finished[-1] + 1, returned)
        returned = 0 if leaves else start + TILE_CYCLES
        finished.append(start + int(length) - 1)
        cycles.append(np.arange(start, start + length))
    return np.concatenate(cycles)
