"""Scenarios for convolution and dense layers."""

from typing import Any

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayer
from cocotb_tests.bench.images import executed, random_images
from cocotb_tests.bench.streams import every_manner


def scenarios(
    component: MatrixLayer, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return images in every manner, against golden's executor; more of them unless `quick`."""
    spec = component.spec
    images = random_images(spec.tensor, 3 if quick else 40, seed)
    codes = executed(spec.node, [spec.tensor], [images])
    channels = codes.shape[-1]

    def describe(beat: int) -> str:
        position, channel = divmod(beat * spec.output_lanes, channels)
        image, position = divmod(position, codes[0].size // channels)
        return f"image {image}, position {position}, channels from {channel}"

    return every_manner(
        "images",
        {"i": as_beats(images, spec.given_lanes)},
        {"o": as_beats(codes, spec.output_lanes)},
        {},
        len(images) * spec.cycles_per_image() // 2,
        seed,
        describe=describe,
    )
