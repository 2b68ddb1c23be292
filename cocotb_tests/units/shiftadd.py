"""Scenarios for the multi-precision shift-add unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bittrue.flows.simulation.bench.payload import Columns, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.shiftadd import beat_sums, pack_operands
from bittrue.golden.units.shiftadd_spec import (
    WIDTHS,
    ShiftAddSpec,
    cycles_per_beat,
    products_per_beat,
)
from bittrue.hdl.units.shiftadd import ShiftAddUnit
from cocotb_tests.bench.digits_matrices import digits_layers_at
from cocotb_tests.bench.streams import every_way, full_speed

BULK = 1 << 20
"""Random products at least."""


@dataclass(frozen=True)
class Stimulus:
    """Beats of packed operands with their modes.

    `a` and `b` have shape (beats, bytes); `modes` has a row (a_width, b_width, a_signed,
    b_signed) of run-time codes for each beat; `last` ends frames.
    """

    name: str
    a: Int64
    b: Int64
    modes: Int64
    last: Int64

    def columns(self) -> Columns:
        """Return the beats of the unit's input."""
        names = ("a_width", "b_width", "a_signed", "b_signed")
        return {
            **lanes_of("a", self.a),
            **lanes_of("b", self.b),
            **dict(zip(names, self.modes.T, strict=True)),
            "last": self.last,
        }

    def results(self, spec: ShiftAddSpec) -> tuple[Columns, Int64]:
        """Return the golden sum of each frame, and the cycles that its beats take."""
        sums = np.zeros(len(self.a), dtype=np.int64)
        cycles = np.zeros(len(self.a), dtype=np.int64)
        for mode in np.unique(self.modes, axis=0):
            where = (self.modes == mode).all(1)
            a, b = operand_types(spec, mode)
            left, right = (torch.from_numpy(side[where]) for side in (self.a, self.b))
            sums[where] = beat_sums(left, right, a, b).numpy()
            cycles[where] = cycles_per_beat(a.width, b.width)
        ends = np.flatnonzero(self.last)
        starts = np.concatenate([[0], ends[:-1] + 1])
        return {"": np.add.reduceat(sums, starts)}, np.add.reduceat(cycles, starts)


def operand_types(spec: ShiftAddSpec, mode: Int64) -> tuple[IntegerType, IntegerType]:
    """Return the types of the operands in a mode."""
    return (
        IntegerType(spec.width(mode[0]), bool(mode[2])),
        IntegerType(spec.width(mode[1]), bool(mode[3])),
    )


def scenarios(
    component: ShiftAddUnit, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return every pair of operands of every mode up to 8 x 8 bits, extremes, random, digits.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    # Four products a beat on average, over all modes.
    stimuli = [extremes(spec), random_frames("random", spec, rng, 1_000 if quick else BULK // 3)]
    for a_code, b_code in product(range(3), repeat=2):
        if WIDTHS[a_code] * WIDTHS[b_code] <= (8 if quick else 64):
            stimuli.append(every_pair(spec, a_code, b_code))
    result = []
    for each in stimuli:
        expected, cycles = each.results(spec)
        result.append(
            full_speed(
                each.name,
                each.columns(),
                expected,
                component.latency,
                describe="frame {}".format,
                chunks=cycles,
            )
        )
    result += list(_digits(component, 1 if quick else 50, seed))
    short = random_frames("short", spec, rng, 300)
    expected, cycles = short.results(spec)
    return result + every_way(
        "short", short.columns(), expected, component.latency, seed, chunks=cycles
    )


def _digits(component: ShiftAddUnit, pixels: int, seed: int) -> Iterator[Scenario]:
    """Yield the layers of the digits network, as far as they are no longer than a frame."""
    spec = component.spec
    for bits in (8, 4, 2):
        count = products_per_beat(bits, bits)
        for layer in digits_layers_at(bits, pixels, seed):
            pairs, length = layer.inputs.shape
            if length > spec.length:
                continue
            beats = -(-length // count)
            sides = []
            for values in (layer.inputs, layer.weights):
                filled = np.pad(values, ((0, 0), (0, beats * count - length)))
                operands = torch.from_numpy(filled.reshape(-1, count))
                sides.append(pack_operands(operands, bits, spec.operand_bytes).numpy())
            mode = np.array([WIDTHS.index(bits)] * 2 + [0, 1])
            last = np.tile(np.arange(beats) == beats - 1, pairs).astype(np.int64)
            a, b = sides
            modes = np.tile(mode, (len(last), 1))
            stimulus = Stimulus(f"digits {layer.name}, {bits} bits", a, b, modes, last)
            yield full_speed(
                stimulus.name,
                stimulus.columns(),
                {"": layer.sums},
                component.latency,
                describe=f"{layer.name}, pair {{}}".format,
                chunks=beats,
            )


def random_frames(name: str, spec: ShiftAddSpec, rng: np.random.Generator, beats: int) -> Stimulus:
    """Return random operands, a mode drawn anew for about every other beat."""
    a, b = (rng.integers(0, 256, (beats, spec.operand_bytes)) for _ in range(2))
    drawn = np.stack([rng.integers(0, limit, beats) for limit in (4, 4, 2, 2)], axis=1)
    keeps = np.maximum.accumulate(np.where(rng.random(beats) < 0.5, np.arange(beats), 0))
    last = (rng.random(beats) < 0.3).astype(np.int64)
    last[np.arange(beats) % max(spec.length // 16, 1) == 0] = 1
    last[-1] = 1
    return Stimulus(name, a, b, drawn[keeps], last)


def extremes(spec: ShiftAddSpec) -> Stimulus:
    """Return frames of up to `length` equal products, of the extreme operands of every mode."""
    a: list[Int64] = []
    b: list[Int64] = []
    modes: list[Int64] = []
    last: list[NDArray[np.bool_]] = []
    for mode in product(range(4), range(4), range(2), range(2)):
        types = operand_types(spec, np.array(mode))
        count = products_per_beat(types[0].width, types[1].width)
        beats = min(max(spec.length // count, 1), 64)
        for x, y in product(*((kind.minimum, kind.maximum) for kind in types)):
            for side, value, kind in ((a, x, types[0]), (b, y, types[1])):
                operands = torch.full((beats, min(count, spec.length)), value)
                side.append(pack_operands(operands, kind.width, spec.operand_bytes).numpy())
            modes.append(np.tile(mode, (beats, 1)))
            last.append(np.arange(beats) == beats - 1)
    joined = np.concatenate(last).astype(np.int64)
    return Stimulus("extremes", np.concatenate(a), np.concatenate(b), np.concatenate(modes), joined)


def every_pair(spec: ShiftAddSpec, a_code: int, b_code: int) -> Stimulus:
    """Return every pair of operands, alone in a frame, at every place of the beat and sign."""
    widths = WIDTHS[a_code], WIDTHS[b_code]
    count = products_per_beat(*widths)
    x, y, place, signs = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(1 << widths[0]), np.arange(1 << widths[1]), np.arange(count), np.arange(4)
        )
    )
    sides = []
    for operands, width in ((x, widths[0]), (y, widths[1])):
        values = torch.zeros((len(place), count), dtype=torch.int64)
        values[torch.arange(len(place)), torch.from_numpy(place)] = torch.from_numpy(operands)
        sides.append(pack_operands(values, width, spec.operand_bytes).numpy())
    codes = [np.full(len(place), code) for code in (a_code, b_code)]
    modes = np.stack([*codes, signs & 1, signs >> 1], axis=1)
    name = f"every pair of {widths[0]} x {widths[1]} bits"
    a, b = sides
    return Stimulus(name, a, b, modes, np.ones(len(place), dtype=np.int64))
