"""Networks in a simulator: images in, codes out, and every tensor on the way when asked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.simulation.bench.cosimulation import Outcome, Run
from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.circuit import Network

PATIENCE = 1_000_000
"""Cycles without a beat after which a network is given up; the first layers of a large one can
work for long before anything leaves."""


@dataclass(frozen=True, eq=False)
class Pace:
    """How often images came.

    Attributes
    ----------
    first : int
        Cycles from the first input to the last output of the first image.
    intervals : ndarray of int64
        Cycles from each image's last output to the next one's.
    """

    first: int
    intervals: Int64

    @classmethod
    def of(cls, cycles: Int64, images: int) -> "Pace":
        """Return the pace of outputs that came at these cycles."""
        last = cycles.reshape(images, -1)[:, -1]
        return cls(int(last[0]), np.diff(last))

    def __str__(self) -> str:
        text = f"first image after {self.first:,} cycles"
        if len(self.intervals):
            low, high = int(self.intervals.min()), int(self.intervals.max())
            text += f", then one every {low:,}" + (f" to {high:,}" if high > low else "")
        return text


def network_scenario(
    network: Network,
    name: str,
    images: Codes,
    golden: Mapping[str, Codes],
    stall: Mapping[str, int] | None = None,
    seed: int = 1,
    reset: bool = True,
    stop_after: int = 0,
) -> Scenario:
    """Return a scenario that streams images and compares outputs, and taps if there are any.

    Parameters
    ----------
    network : Network
    name : str
        Shown in reports.
    images : ndarray of integers, shape (n, *input shape)
    golden : mapping of str to ndarray
        What golden makes of them: the output, and every tensor that is tapped.
    stall : mapping of str to int
        Probability of a pause at ``i`` and ``o``, in 1/256.
    seed, reset, stop_after
        See `Run`.
    """
    graph = network.spec.graph
    tensors = {"o": graph.outputs[0], **network.taps}
    expected = {
        port: as_beats(golden[tensor], _lanes(network, port)) for port, tensor in tensors.items()
    }
    run = Run(
        {"i": as_beats(images, _lanes(network, "i"))},
        {port: len(next(iter(beats.values()))) for port, beats in expected.items()},
        stall or {},
        seed=seed,
        reset=reset,
        stop_after=stop_after,
        patience=PATIENCE,
    )
    output = graph.tensors[graph.outputs[0]]
    lanes = _lanes(network, "o")

    def describe(beat: int) -> str:
        image, element = divmod(beat * lanes, output.elements)
        pixel, channel = divmod(element, output.channels)
        return f"image {image}, pixel {pixel}, channels from {channel}"

    return Scenario(name, run, expected, describe=describe)


def codes_of(outcome: Outcome, graph: Graph, images: int) -> Codes:
    """Return the outputs that a circuit made of whole images."""
    tensor = graph.tensors[graph.outputs[0]]
    return _elements(outcome, "o")[: images * tensor.elements].reshape(images, *tensor.shape)


@dataclass(frozen=True)
class Parting:
    """The first place where circuit and golden part."""

    layer: str
    image: int
    pixel: int
    channel: int
    expected: int
    got: int

    def __str__(self) -> str:
        return (
            f"{self.layer}: image {self.image}, pixel {self.pixel}, channel {self.channel} is "
            f"{self.got}, expected {self.expected}"
        )


def first_parting(
    network: Network, outcome: Outcome, golden: Mapping[str, Codes]
) -> Parting | None:
    """Return where the first layer that differs from golden does so; layers in their order."""
    graph = network.spec.graph
    ports = {**network.taps, "o": graph.outputs[0]}
    for port, name in ports.items():
        tensor = graph.tensors[name]
        got = _elements(outcome, port)
        expected = np.asarray(golden[name], dtype=np.int64).ravel()[: len(got)]
        wrong = np.flatnonzero(got != expected)
        if wrong.size:
            place = int(wrong[0])
            image, element = divmod(place, tensor.elements)
            layer = port.removeprefix("tap_") if port != "o" else "output"
            pixel, channel = divmod(element, tensor.channels)
            return Parting(layer, image, pixel, channel, int(expected[place]), int(got[place]))
    return None


def _lanes(network: Network, port: str) -> int:
    return len(getattr(network, port).payload)


def _elements(outcome: Outcome, port: str) -> Int64:
    """Return the elements that left a port, in their order."""
    return np.stack(list(outcome.outputs[port].values()), axis=1).ravel()
