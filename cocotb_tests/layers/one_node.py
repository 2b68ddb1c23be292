"""Scenarios for layers made from one node of the integer graph."""

from typing import Any

from bittrue.flows.simulation.bench.scenario import Scenario
from cocotb_tests.bench.images import IMAGES, image_scenarios


def scenarios(component: Any, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return images in every manner; more of them unless `quick`."""
    return image_scenarios(component, seed, IMAGES if quick else 10 * IMAGES)
