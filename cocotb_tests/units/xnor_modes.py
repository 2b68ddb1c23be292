"""Every length up to eight for the XNOR-popcount unit, with a threshold and without."""

from itertools import product
from typing import Any

import numpy as np
from amaranth.lib import data

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.units.xnor_spec import XnorSpec
from bittrue.hdl.units.xnor import XnorPopcount
from cocotb_tests.bench.bank import Bank, grid, scenario

LENGTHS = range(1, 9)


def xnor_modes() -> tuple[Bank, list[Scenario]]:
    """Return a unit for each length, and all pairs of bytes with a random threshold for each.

    A unit takes the low bits of both bytes; a threshold above its length is reduced modulo it.
    """
    specs = {
        f"{'bit' if thresholded else 'sum'}{length}": XnorSpec(length, length, thresholded)
        for length, thresholded in product(LENGTHS, (False, True))
    }

    def feed(name: str, taken: Any, given: data.View) -> list[Any]:
        length = specs[name].length
        fed = [
            taken.input.as_value().eq(given.input),
            taken.weight.as_value().eq(given.weight),
        ]
        if specs[name].thresholded:
            fed += [
                taken.threshold.eq(given.threshold % (length + 1)),
                taken.inverted.eq(given.inverted),
            ]
        return fed

    payload = {"input": 8, "weight": 8, "threshold": 8, "inverted": 1}
    bank = Bank({name: XnorPopcount(spec) for name, spec in specs.items()}, payload, feed)
    inputs, weights = grid(256, 256)
    rng = np.random.default_rng(1)
    threshold, inverted = rng.integers(0, 256, len(inputs)), rng.integers(0, 2, len(inputs))
    expected: dict[str, Int64] = {}
    for length in LENGTHS:
        alike = np.sum([~(inputs ^ weights) >> place & 1 for place in range(length)], axis=0)
        expected[f"sum{length}"] = 2 * alike - length
        expected[f"bit{length}"] = (alike > threshold % (length + 1)) ^ inverted
    beats = {"input": inputs, "weight": weights, "threshold": threshold, "inverted": inverted}
    return bank, [scenario("every pair", beats, expected)]
