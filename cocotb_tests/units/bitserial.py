"""Scenarios for the bit-serial unit."""

from collections.abc import Iterator, Sequence
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
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.bitserial import bit_planes, integer_dot
from bittrue.golden.units.bitserial_spec import BitSerialSpec, plane_order
from bittrue.hdl.units.bitserial import BitSerialDotProduct
from cocotb_tests.bench.digits_matrices import digits_layers_at
from cocotb_tests.bench.streams import every_way, full_speed, in_chunks


@dataclass(frozen=True)
class Vectors:
    """Pairs of vectors of one precision, shape (vectors, length)."""

    a: Int64
    b: Int64
    a_type: IntegerType
    b_type: IntegerType


@dataclass(frozen=True)
class Stimulus:
    """Pairs of vectors of many precisions."""

    name: str
    parts: Sequence[Vectors]

    def columns(self, spec: BitSerialSpec) -> Columns:
        """Return the beats of the unit's input, with noise in the lanes that do not count."""
        beats = [_beats(part, spec) for part in self.parts]
        joined = {key: np.concatenate([beat[key] for beat in beats]) for key in beats[0]}
        sides = {side: lanes_of(side, joined.pop(side)) for side in "ab"}
        return {**sides["a"], **sides["b"], **joined}

    def results(self, spec: BitSerialSpec) -> tuple[Columns, Int64]:
        """Return the golden sums, and the beats that each takes."""
        sums, beats = [], []
        for part in self.parts:
            sums.append(integer_dot(torch.from_numpy(part.a), torch.from_numpy(part.b)).numpy())
            pairs = part.a_type.width * part.b_type.width
            beats.append(np.full(len(part.a), pairs * spec.chunks))
        return {"": np.concatenate(sums)}, np.concatenate(beats)


def _beats(part: Vectors, spec: BitSerialSpec) -> dict[str, NDArray[Any]]:
    """Return the planes of vectors in the unit's order, and the mode with the first of them.

    With the other beats comes another mode, which must be ignored.
    """
    order = np.array(plane_order(part.a_type.width, part.b_type.width))
    noise = np.random.default_rng(len(part.a)).integers(0, 2, 8191)
    result: dict[str, NDArray[Any]] = {}
    for side, values, kind, chosen in (
        ("a", part.a, part.a_type, order[:, 0]),
        ("b", part.b, part.b_type, order[:, 1]),
    ):
        planes = bit_planes(torch.from_numpy(values), kind).numpy()[chosen]
        rows = planes.transpose(1, 0, 2).reshape(-1, spec.length)
        result[side] = in_chunks(rows, spec.lanes, noise).astype(np.int8)
        first = np.zeros((len(values), len(order) * spec.chunks), dtype=bool)
        first[:, 0] = True
        top, signed = kind.width - 1, int(kind.signed)
        result[f"{side}_top"] = np.where(first, top, MAXIMUM_CODE_WIDTH - 1 - top).ravel()
        result[f"{side}_signed"] = np.where(first, signed, 1 - signed).ravel()
    return result


def scenarios(
    component: BitSerialDotProduct, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return extremes, every precision, the digits network, and for one lane every operand pair.

    `quick` leaves out the bulk, for continuous integration.
    """
    spec = component.spec
    rng = np.random.default_rng(seed)
    each = 1 if quick else -(-(1 << 20) // (256 * spec.length))
    widths = (1, 2, 3, 5, 8, 16) if quick else range(1, MAXIMUM_CODE_WIDTH + 1)
    stimuli = [
        Stimulus("extremes", list(extremes(spec, (1, 4, 16) if quick else widths))),
        Stimulus("every precision", list(random_vectors(spec, rng, widths, each))),
    ]
    if spec.length == 1:
        sizes = (1, 2, 3) if quick else (1, 2, 3, 4, 5)
        stimuli.append(Stimulus("every pair", list(every_pair(sizes))))
        if not quick:
            stimuli.append(Stimulus("every pair of 8 x 8 bits", list(every_pair((8,)))))
    result = []
    for stimulus in stimuli:
        expected, beats = stimulus.results(spec)
        result.append(
            full_speed(
                stimulus.name,
                stimulus.columns(spec),
                expected,
                component.latency,
                describe="vector {}".format,
                chunks=beats,
            )
        )
    result += list(_digits(component, 1 if quick else 10, seed))
    parts = list(random_vectors(spec, rng, (1, 2, 4), 2))
    short = Stimulus("short", [parts[k] for k in rng.permutation(len(parts))])
    expected, beats = short.results(spec)
    return result + every_way(
        "short", short.columns(spec), expected, component.latency, seed, chunks=beats
    )


def _digits(component: BitSerialDotProduct, pixels: int, seed: int) -> Iterator[Scenario]:
    """Yield the layers of the digits network, as far as they are no longer than the vectors."""
    spec = component.spec
    for bits in (8, 4, 2):
        for layer in digits_layers_at(bits, pixels, seed):
            missing = spec.length - layer.inputs.shape[1]
            if missing < 0:
                continue
            a, b = (np.pad(s, ((0, 0), (0, missing))) for s in (layer.inputs, layer.weights))
            stimulus = Stimulus(
                f"digits {layer.name}, {bits} bits",
                [Vectors(a, b, layer.input_type, layer.weight_type)],
            )
            yield full_speed(
                stimulus.name,
                stimulus.columns(spec),
                {"": layer.sums},
                component.latency,
                describe=f"{layer.name}, pair {{}}".format,
                chunks=bits * bits * spec.chunks,
            )


def _types(widths: Sequence[int]) -> Iterator[tuple[IntegerType, IntegerType]]:
    for a, b, a_signed, b_signed in product(widths, widths, (False, True), (False, True)):
        yield IntegerType(a, a_signed), IntegerType(b, b_signed)


def random_vectors(
    spec: BitSerialSpec, rng: np.random.Generator, widths: Sequence[int], count: int
) -> Iterator[Vectors]:
    """Yield vectors of every precision in every signedness, `count` of each precision."""
    for number, (a, b) in enumerate(_types(widths)):
        vectors = count // 4 + (number % 4 < count % 4)
        if vectors:
            shape = (vectors, spec.length)
            left, right = (rng.integers(k.minimum, k.maximum, shape, endpoint=True) for k in (a, b))
            yield Vectors(left, right, a, b)


def extremes(spec: BitSerialSpec, widths: Sequence[int]) -> Iterator[Vectors]:
    """Yield vectors of the extreme operands of some precisions."""
    for width in widths:
        for a, b in (
            (IntegerType(width, s), IntegerType(width, t))
            for s in (False, True)
            for t in (False, True)
        ):
            corners = np.array(list(product((a.minimum, a.maximum), (b.minimum, b.maximum))))
            rows = corners[:, :, None].repeat(spec.length, axis=2)
            yield Vectors(rows[:, 0], rows[:, 1], a, b)


def every_pair(widths: Sequence[int]) -> Iterator[Vectors]:
    """Yield every pair of operands of some widths, for vectors of one element."""
    for a, b in _types(widths):
        x, y = np.meshgrid(np.arange(a.minimum, a.maximum + 1), np.arange(b.minimum, b.maximum + 1))
        yield Vectors(x.reshape(-1, 1), y.reshape(-1, 1), a, b)
