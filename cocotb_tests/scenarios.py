"""The scenarios of every unit, by its name; units that differ in a parameter share theirs."""

import importlib
from collections.abc import Callable
from typing import Any

from bittrue.flows.simulation.bench.scenario import Scenario

_ROOMS = {
    "units": {
        "requant": ["requant"],
        "certified_requant": ["requant_certified"],
        "xnor": ["xnor"],
        "mac": ["mac"],
        "dot": ["dot"],
        "systolic": ["systolic"],
        "bitserial": ["bitserial"],
        "shiftadd": ["shiftadd"],
        "coded": ["ternary", "logmul", "lutmul"],
    },
    "layers.parts": {
        "channel_requant": ["channel_requant"],
        "fork": ["fork"],
        "fifo": ["fifo"],
        "lanes": ["lanes"],
        "subsample": ["subsample"],
        "softmax_rows": ["softmax", "softmax16"],
        "window_reduce": ["window_reduce"],
        "window_pool": ["window_pool"],
        "sliding_window": ["sliding_window"],
        "matrix_layer": ["convolution", "dense"],
    },
    "layers": {
        "one_node": [
            "pad",
            "broadcast",
            "concat",
            "slice",
            "table",
            "clamp",
            "add",
            "multiply",
            "min_max",
            "gather",
            "transpose",
            "requantize",
            "argmax",
            "global_pool",
        ],
        "resize_bilinear": ["resize"],
        "mat_mul": ["mat_mul"],
    },
    "engine": {
        "word_requantizer": ["engine_requantizer"],
        "window_walker": ["engine_walker"],
    },
    "network": {"circuit": ["network"]},
}

SCENARIOS = {
    unit: f"cocotb_tests.{room}.{module}"
    for room, modules in _ROOMS.items()
    for module, units in modules.items()
    for unit in units
}
"""Module that holds the scenarios of each unit, by the unit's name."""


def scenarios_of(
    unit: str, component: Any, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return the scenarios of a unit.

    Parameters
    ----------
    unit : str
        One of ``flows.units.UNITS``.
    component : wiring.Component
        What the unit built.
    parameters : dict
        What it was built with.
    seed : int
        Of every random choice.
    quick : bool
        Whether few of them are enough.
    """
    make: Callable[..., list[Scenario]] = importlib.import_module(SCENARIOS[unit]).scenarios
    return make(component, parameters, seed, quick=quick)


def describe_stimulus(unit: str) -> str | None:
    """Return what a unit's scenarios are made from, where that is more than its parameters."""
    module = importlib.import_module(SCENARIOS[unit])
    return module.describe_stimulus() if hasattr(module, "describe_stimulus") else None
