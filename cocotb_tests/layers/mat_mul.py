"""Scenarios for products of matrices: both inputs, and the cycles of every beat."""

from dataclasses import replace
from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY
from bittrue.hdl.layers.mat_mul import MatMulSpec
from cocotb_tests.bench.images import IMAGES, image_scenarios


def scenarios(component: Any, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return images in every manner; more of them unless `quick`."""
    images = IMAGES if quick else 10 * IMAGES
    cycles = {"o": beat_cycles(component.spec, images)}
    return [
        replace(scenario, cycles=cycles) if scenario.cycles else scenario
        for scenario in image_scenarios(component, seed, images)
    ]


def beat_cycles(spec: MatMulSpec, images: int) -> Int64:
    """Return when each beat leaves if nothing waits but for what is kept.

    Two rows and two matrices are kept. One of them is taken, a beat in a cycle, once the one two
    before has been used; a row is used once it and its matrix are there, and the row before it has
    been.
    """
    (_, columns), (rows, _) = (tensor.shape[-2:] for tensor in spec.tensors)
    chunks, count = columns // spec.lanes, images * spec.matrices * spec.rows
    busy = rows // spec.output_lanes * chunks
    used = np.zeros(count + 2, dtype=np.int64)  # Two rows before the first one.
    taken, matrix_taken, begun = 0, 0, []
    for row in range(count):
        taken = max(taken, used[row]) + chunks
        if row % spec.rows == 0:
            # The matrix two before was used with the last row that is not of the one before.
            before = used[row - spec.rows + 1] if row >= 2 * spec.rows else 0
            matrix_taken = max(matrix_taken, before) + rows * chunks
        begins = max(used[row + 1], taken, matrix_taken) + 1
        used[row + 2] = begins + busy - 1
        begun.append(begins)
    beats = chunks * np.arange(1, rows // spec.output_lanes + 1)
    leave = np.array(begun)[:, None] + beats - 1 + spec.stages + BUFFER_LATENCY
    return leave.ravel()
