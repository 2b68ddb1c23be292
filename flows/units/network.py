"""Whole networks, from a user's file or from digits."""

from pathlib import Path

from amaranth.lib import wiring

from bittrue.flows.planning.devices import DEVICE_HELP, find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.units.digits_layers import DIGITS
from bittrue.flows.units.unit import Parameter, Unit, parse_flag
from bittrue.golden.digits import quantized_digits
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.network.circuit import Network

DIGITS_MODEL = "digits"
MIXED_DIGITS_MODEL = "digits-mixed"


def network_graph(model: str, profile: str) -> Graph:
    """Return the graph of a file, or of a digits network."""
    if model == DIGITS_MODEL:
        return quantized_digits(DIGITS).graph()
    if model == MIXED_DIGITS_MODEL:
        from bittrue.golden.digits.mixed import mixed_digits_graph  # Takes torch.

        return mixed_digits_graph()
    return load_network(Path(model), profile or None)


def _build(
    model: str, profile: str, device: str, cycles: int, images: int, taps: bool
) -> wiring.Component:
    budget = find_budget(device)
    plan = plan_network(certify(network_graph(model, profile)), budget, cycles or None)
    return Network(plan.spec, taps=taps)


NETWORK_UNITS: dict[str, Unit] = {
    "network": Unit(
        "a whole network",
        _build,
        {
            "model": Parameter(
                DIGITS_MODEL, str, "a file, digits, or digits-mixed of 8, 4, 2, 1 and 8 bits"
            ),
            "profile": Parameter("", str, "the reference whose arithmetic is built"),
            "device": Parameter("zynq7020", str, f"one of {DEVICE_HELP}"),
            "cycles": Parameter("0", int, "between images; 0: as few as the device can"),
            "images": Parameter("100", int, "to simulate; of digits, all test images at most"),
            "taps": Parameter("no", parse_flag, "yes to compare what every layer passes on"),
        },
    ),
}
