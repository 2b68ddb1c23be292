"""Scenarios for whole networks: every output, and with taps every layer's, against golden."""

from typing import Any

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.simulation.network import network_scenario
from bittrue.flows.units.network import DIGITS_MODEL, MIXED_DIGITS_MODEL, network_graph
from bittrue.golden.executor.execute import Executor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.circuit import Network
from cocotb_tests.bench.images import random_images
from cocotb_tests.bench.streams import STALL

_SHORT = 2
"""Images of the scenarios with pauses and resets."""


def scenarios(
    component: Network, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return images at full speed, and a few in every legal manner.

    Of the digits network its test images, of others random ones, the first full of extremes.
    """
    graph = network_graph(parameters["model"], parameters["profile"])
    images = _images(component, parameters, seed)[: 3 if quick else None]
    kept = [component.spec.output.name, *component.taps.values()]
    golden = Executor(graph).run(images, kept)
    few = {name: codes[:_SHORT] for name, codes in golden.items()}
    cut_off = 2 * component.spec.input.elements

    def short(manner: str, i: int = 0, o: int = 0, **more: Any) -> Scenario:
        stall = {"i": i, "o": o}
        return network_scenario(
            component, f"short, {manner}", images[:_SHORT], few, stall, seed, **more
        )

    return [
        network_scenario(component, "images", images, golden),
        short("pauses at the input", i=STALL),
        short("pauses at the output", o=STALL),
        short("pauses at both ends", i=STALL, o=STALL),
        short("cut off in mid-stream", i=STALL, o=STALL, stop_after=cut_off),
        short("after the reset", i=STALL, o=STALL),
        short("back to back without a reset", reset=False),
    ]


def _images(component: Network, parameters: dict[str, Any], seed: int) -> Int64:
    count = parameters["images"]
    tensor = component.spec.input
    if parameters["model"] not in (DIGITS_MODEL, MIXED_DIGITS_MODEL):
        return random_images(tensor, count, seed)
    from bittrue.golden.digits.data import load
    from bittrue.golden.frontends.torch import to_codes

    _, test = load()
    return to_codes(component.spec.graph, test.images)[tensor.name][:count]
