"""Scenarios for images that are resized: equal codes; `image_intervals` counts their cycles."""

from dataclasses import replace
from typing import Any

from bittrue.flows.simulation.bench.scenario import Scenario
from cocotb_tests.bench.images import IMAGES, image_scenarios


def scenarios(component: Any, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return images in every manner; more of them unless `quick`.

    Columns follow rows through two memories, so beats do not come in the cycles of a single one.
    """
    found = image_scenarios(component, seed, IMAGES if quick else 10 * IMAGES)
    return [replace(scenario, cycles={}) for scenario in found]
