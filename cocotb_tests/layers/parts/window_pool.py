"""Scenarios for pooling by windows."""

from typing import Any

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.layers.parts.window_pool import WindowPool
from cocotb_tests.bench.images import executed, random_images
from cocotb_tests.bench.streams import every_manner


def scenarios(
    component: WindowPool, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return images in every manner, against golden's executor; more of them unless `quick`."""
    spec = component.spec
    (tensor,), lanes = spec.tensors, spec.lanes
    images = random_images(tensor, 3 if quick else 40, seed)
    codes = executed(spec.node, [tensor], [images])
    return every_manner(
        "images",
        {"i": as_beats(images, lanes)},
        {"o": as_beats(codes, lanes)},
        {},
        len(images) * spec.cycles_per_image() // 2,
        seed,
    )
