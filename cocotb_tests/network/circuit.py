"""Scenarios for whole networks: every output, and with taps every layer's, against golden."""

from collections.abc import Mapping
from typing import Any

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.simulation.network import network_scenario
from bittrue.flows.units.network import DIGITS_MODEL, MIXED_DIGITS_MODEL, network_graph
from bittrue.golden.executor.execute import Executor
from bittrue.hdl.network.circuit import Network
from cocotb_tests.bench.images import random_inputs
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
    given = _images(component, parameters, seed)
    images = {name: codes[: 3 if quick else None] for name, codes in given.items()}
    kept = [*graph.outputs, *component.taps.values()]
    golden = Executor(graph).run(images, kept)
    few_images, few = (
        {name: codes[:_SHORT] for name, codes in each.items()} for each in (images, golden)
    )
    cut_off = 2 * max(tensor.elements for tensor in component.spec.inputs)

    def short(manner: str, i: int = 0, o: int = 0, **more: Any) -> Scenario:
        stall = {"i": i, "o": o}
        return network_scenario(component, f"short, {manner}", few_images, few, stall, seed, **more)

    return [
        network_scenario(component, "images", images, golden),
        short("pauses at the input", i=STALL),
        short("pauses at the output", o=STALL),
        short("pauses at both ends", i=STALL, o=STALL),
        short("cut off in mid-stream", i=STALL, o=STALL, stop_after=cut_off),
        short("after the reset", i=STALL, o=STALL),
        short("back to back without a reset", reset=False),
    ]


def _images(component: Network, parameters: dict[str, Any], seed: int) -> Mapping[str, Codes]:
    count, graph = parameters["images"], component.spec.graph
    if parameters["model"] not in (DIGITS_MODEL, MIXED_DIGITS_MODEL):
        return random_inputs(graph, count, seed)
    from bittrue.golden.digits.data import load
    from bittrue.golden.frontends.torch import to_codes

    _, test = load()
    return {name: codes[:count] for name, codes in to_codes(graph, test.images).items()}
