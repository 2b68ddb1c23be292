"""Scenarios for the walk of windows: every step of random instructions, counted out in loops."""

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Matrix, Pool
from bittrue.hdl.engine.window_walker import WindowWalker
from cocotb_tests.bench.streams import every_manner
from cocotb_tests.engine.instructions import fields_of, random_matrix, random_pool
from cocotb_tests.engine.units import columns_of


def window_of(windowed: Matrix | Pool) -> dict[str, int]:
    """Return what the walk is given for an instruction; see `window_layout`."""
    if isinstance(windowed, Matrix):
        return {**fields_of(windowed), "minimum": 0, "maximum": 0, "by_plane": 0}
    lacking = {"words": 1, "passes": 1, "weights": 0, "records": 0, "by_plane": 1}
    return {**fields_of(windowed), **lacking}


def steps_of(engine: EngineConfiguration, windowed: Matrix | Pool) -> list[dict[str, int]]:
    """Return the steps of an instruction.

    Addresses outside of the tile are those that the same sum gives, modulo a power of two.
    """
    window = window_of(windowed)
    if not window["by_plane"]:
        return _steps(engine, window, last=True)
    planes, found = window["planes"], []
    for plane in range(planes):
        alone = {
            "planes": 1,
            "input": window["input"] + plane * window["plane"],
            "output": window["output"] + plane * window["rows"] * window["columns"],
        }
        found += _steps(engine, {**window, **alone}, last=plane == planes - 1)
    return found


def _steps(engine: EngineConfiguration, window: dict[str, int], last: bool) -> list[dict[str, int]]:
    of = SimpleNamespace(**window)
    total = of.rows * of.columns
    modulus = 1 << (engine.input_words - 1).bit_length()
    found = []
    for first in range(0, total, engine.pixels):
        count = min(engine.pixels, total - first)
        row = of.weights
        taps = itertools.product(
            range(of.passes), range(of.kernel_y), range(of.kernel_x), range(of.planes)
        )
        for _, i, j, plane in taps:
            step = {"row": row, "pad": of.pad, "inside": 0}
            for k in range(count):
                y, x = divmod(first + k, of.columns)
                down = y * of.stride_y + i * of.dilation_y + of.top
                right = x * of.stride_x + j * of.dilation_x + of.left
                word = of.input + plane * of.plane + down * of.pitch + right
                inside = 0 <= down < of.height and 0 <= right < of.width
                step["inside"] |= inside << k
                step[f"address.{k}"] = word % modulus
            row += 1
            steps = of.passes * of.kernel_y * of.kernel_x * of.planes
            step["last"] = row == of.weights + steps
            found.append(
                step
                | {
                    "group.output": of.output + first,
                    "group.plane": total,
                    "group.words": of.words,
                    "group.records": of.records,
                    "group.minimum": of.minimum,
                    "group.maximum": of.maximum,
                    "group.count": count,
                    "group.end": last and first + engine.pixels >= total,
                }
            )
    return found


def whole_groups(engine: EngineConfiguration, random: np.random.Generator) -> Matrix | Pool:
    """Return an instruction whose pixels fill all groups: what others hold is not promised."""
    makes = random_matrix if random.random() < 0.5 else random_pool
    while True:
        windowed = makes(engine, random)
        if windowed.rows * windowed.columns % engine.pixels == 0:
            return windowed


def scenarios(
    component: WindowWalker, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random instructions, one after the other, in every manner."""
    engine, random = component.engine, np.random.default_rng(seed)
    windows = [whole_groups(engine, random) for _ in range(20 if quick else 500)]
    steps = [step for each in windows for step in steps_of(engine, each)]
    inputs = columns_of([window_of(each) for each in windows])
    return every_manner(
        "random instructions", {"i": inputs}, {"o": columns_of(steps)}, {}, len(steps) // 2, seed
    )
