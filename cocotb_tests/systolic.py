"""Scenarios for systolic arrays."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cocotb_tests.matrices import Int64, random_values
from cocotb_tests.streams import every_way, lanes_of
from flows.bench.payload import Columns
from flows.bench.scenario import Scenario
from golden.matmul import matmul
from golden.systolic import cut_into_tiles
from golden.systolic_spec import SystolicSpec
from hdl.systolic import OutputStationaryArray

BULK_PRODUCTS = 1_000_000


def scenarios(
    component: OutputStationaryArray, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return matrix products of many sizes, tails on every side, and a million random products.

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
        m, n = 4 * rows + 1, 4 * columns + 1
        sizes["bulk"] = (m, max(BULK_PRODUCTS // (m * n), 1), n)
    result = []
    for name, (m, k, n) in sizes.items():
        if k <= spec.length:
            a, b = (random_values(kind, s, rng) for kind, s in ((spec.a, (m, k)), (spec.b, (k, n))))
            result += _product(component, f"{name} {m}x{k}x{n}", a, b, seed)[:1]
    brief = min(spec.length, 8)
    a, b = (
        random_values(kind, shape, rng)
        for kind, shape in ((spec.a, (3 * rows + 1, brief)), (spec.b, (brief, 2 * columns)))
    )
    return result + _product(component, "short", a, b, seed)


def _product(
    component: OutputStationaryArray, name: str, a: Int64, b: Int64, seed: int
) -> list[Scenario]:
    """Return a matrix product streamed in every manner."""
    spec = component.spec
    inputs, expected, cycles = beats(spec, a, b)
    return every_way(name, inputs, expected, component.latency, seed, chunks=cycles)


def beats(spec: SystolicSpec, a: Int64, b: Int64) -> tuple[Columns, Columns, NDArray[np.int64]]:
    """Return input beats, golden rows of results, and the cycles from each row to the next.

    A tile takes as many cycles as it has steps, but no fewer than it has rows of results.
    """
    tiles = cut_into_tiles(torch.from_numpy(a), torch.from_numpy(b), spec)
    count, steps, _ = tiles.a.shape
    last = np.zeros((count, steps), dtype=np.int64)
    last[:, -1] = 1
    inputs = (
        lanes_of("a", tiles.a.flatten(0, 1).numpy())
        | lanes_of("b", tiles.b.flatten(0, 1).numpy())
        | {"last": last.ravel()}
    )
    results = matmul(tiles.a.transpose(1, 2), tiles.b, spec.a, spec.b)
    cycles = np.ones((count, spec.rows), dtype=np.int64)
    cycles[:, 0] = max(steps, spec.rows) - (spec.rows - 1)
    cycles[0, 0] = steps
    return inputs, lanes_of("", results.flatten(0, 1).numpy()), cycles.ravel()
