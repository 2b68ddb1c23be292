"""Scenarios for softmax, of codes of any width."""

import numpy as np

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.layers.parts.softmax_rows import SoftmaxRows, SoftmaxRowsSpec
from cocotb_tests.bench.images import executed, random_images
from cocotb_tests.bench.streams import every_manner


def scenarios(
    component: SoftmaxRows[SoftmaxRowsSpec], parameters: object, seed: int, quick: bool
) -> list[Scenario]:
    """Return rows of equal codes, of one large code, of close codes and of any, in every manner."""
    spec = component.spec
    tensor = spec.tensors[0]
    images = 12 if quick else 400
    rng = np.random.default_rng(seed)
    codes = random_images(tensor, images, seed)
    codes[1] = tensor.maximum
    codes[2] = tensor.minimum
    codes[2, ..., 0] = tensor.maximum
    close = rng.integers(tensor.maximum - 3, tensor.maximum, codes[3::3].shape, endpoint=True)
    codes[3::3] = close
    expected = executed(spec.node, [tensor], [codes])
    rows = np.arange(codes.size // tensor.channels)[:, None] * spec.cycles_per_row
    within_row = np.arange(tensor.channels) + tensor.channels + spec.latency
    return every_manner(
        "rows",
        {"i": as_beats(codes, 1)},
        {"o": as_beats(expected, 1)},
        {"o": (rows + within_row).ravel()},
        3 * spec.cycles_per_image(),
        seed,
    )
