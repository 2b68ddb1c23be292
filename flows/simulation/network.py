"""Networks in a simulator: images in, codes out, and every tensor on the way when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.simulation.bench.cosimulation import Outcome, Run
from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.circuit import Network

PATIENCE = 1_000_000
"""Cycles without a beat after which a network is given up; the first layers of a large one can
work for long before anything leaves."""


_AROUND = 3
"""Rows and columns of codes on each side of a difference that are shown."""


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
    def of(cls, outcome: Outcome, network: Network, images: int) -> "Pace":
        """Return the pace of images, each of which is there when all its outputs are."""
        ports = network.spec.output_streams.values()
        ends = [outcome.cycles[port].reshape(images, -1)[:, -1] for port in ports]
        last = np.max(ends, axis=0)
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
    images: Mapping[str, Codes],
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
    images : mapping of str to ndarray of integers, shape (n, *input shape)
        By input.
    golden : mapping of str to ndarray
        What golden makes of them: the outputs, and every tensor that is tapped.
    stall : mapping of str to int
        Probability of a pause at each stream, in 1/256; ``i`` and ``o`` stand for all that enter
        and all that leave.
    seed, reset, stop_after
        See `Run`.
    """
    spec = network.spec
    expected = {
        port: as_beats(golden[tensor], _lanes(network, port))
        for port, tensor in _watched(network).items()
    }
    run = Run(
        {
            port: as_beats(images[tensor], _lanes(network, port))
            for tensor, port in spec.input_streams.items()
        },
        {port: len(next(iter(beats.values()))) for port, beats in expected.items()},
        _stalls(network, stall or {}),
        seed=seed,
        reset=reset,
        stop_after=stop_after,
        patience=PATIENCE,
    )
    places = {port: partial(_place, network, port) for port in expected}
    return Scenario(name, run, expected, describe=places)


def codes_of(outcome: Outcome, network: Network, name: str, images: int) -> Codes:
    """Return what a circuit made of whole images at an output."""
    tensor = network.spec.graph.tensors[name]
    elements = _elements(outcome, network.spec.output_streams[name])
    return elements[: images * tensor.elements].reshape(images, *tensor.shape)


def whole_images(outcome: Outcome, network: Network) -> int:
    """Return how many images left whole, at every output."""
    spec = network.spec
    return min(
        len(outcome.cycles[port]) // spec.beats_of(name)
        for name, port in spec.output_streams.items()
    )


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


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The codes of one channel around the first place where circuit and golden part.

    Attributes
    ----------
    rows, columns : tuple of int
        Rows and columns of the tensor; of one without them, row 0 and its elements.
    expected, got : ndarray of int64, shape (rows, columns)
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    expected: Int64
    got: Int64


def neighbourhood(
    network: Network, outcome: Outcome, golden: Mapping[str, Codes], parting: Parting
) -> Neighbourhood:
    """Return the codes around a parting: of its channel, or of its row of channels."""
    name, port = next(
        (name, port)
        for port, name in _watched(network).items()
        if _layer_of(network, port) == parting.layer
    )
    shape = network.spec.graph.tensors[name].shape or (1,)
    # A vector's neighbours are its channels.
    planes = (1, shape[0], 1) if len(shape) == 1 else (-1, shape[-2], shape[-1])
    size = int(np.prod(shape))
    got = np.zeros(size, np.int64)
    made = _elements(outcome, port)[parting.image * size :][:size]
    got[: len(made)] = made
    expected = np.asarray(golden[name][parting.image], dtype=np.int64)
    found, wanted = (each.reshape(planes) for each in (got, expected))
    element = parting.pixel * network.spec.graph.tensors[name].channels + parting.channel
    row, column, channel = np.unravel_index(element, found.shape)
    rows, columns = (
        range(max(0, int(at) - _AROUND), min(count, int(at) + _AROUND + 1))
        for at, count in zip((row, column), found.shape[:2], strict=True)
    )
    part = np.ix_(list(rows), list(columns), [int(channel)])
    return Neighbourhood(tuple(rows), tuple(columns), wanted[part][..., 0], found[part][..., 0])


def _layer_of(network: Network, port: str) -> str:
    """Return what a port of codes is called where circuit and golden part."""
    outputs = network.spec.output_streams
    name = _watched(network)[port]
    if port not in outputs.values():
        return port.removeprefix("tap_")
    return "output" if len(outputs) == 1 else f"output {name!r}"


def paces(network: Network, outcome: Outcome, images: int) -> dict[str, "Pace"]:
    """Return the pace of each stream of codes that was watched, by its tensor."""
    found = {}
    for port, name in _watched(network).items():
        beats = network.spec.graph.tensors[name].elements // _lanes(network, port)
        ends = outcome.cycles[port][: images * beats].reshape(images, beats)[:, -1]
        found[name] = Pace(int(ends[0]), np.diff(ends))
    return found


def first_parting(
    network: Network, outcome: Outcome, golden: Mapping[str, Codes]
) -> Parting | None:
    """Return where the first layer that differs from golden does so; layers in their order."""
    graph = network.spec.graph
    outputs = {port: name for name, port in network.spec.output_streams.items()}
    for port, name in {**network.taps, **outputs}.items():
        tensor = graph.tensors[name]
        got = _elements(outcome, port)
        expected = np.asarray(golden[name], dtype=np.int64).ravel()[: len(got)]
        wrong = np.flatnonzero(got != expected)
        if wrong.size:
            place = int(wrong[0])
            image, element = divmod(place, tensor.elements)
            layer = _layer_of(network, port)
            pixel, channel = divmod(element, tensor.channels)
            return Parting(layer, image, pixel, channel, int(expected[place]), int(got[place]))
    return None


def _watched(network: Network) -> dict[str, str]:
    """Return the tensor at each port where codes leave: the outputs, and the taps."""
    outputs = {port: name for name, port in network.spec.output_streams.items()}
    return {**outputs, **network.taps}


def _stalls(network: Network, stall: Mapping[str, int]) -> dict[str, int]:
    spec, stalls = network.spec, dict(stall)
    for kind, streams in (("i", spec.input_streams), ("o", spec.output_streams)):
        if kind in stall:
            del stalls[kind]
            stalls |= {port: stall.get(port, stall[kind]) for port in streams.values()}
    return stalls


def _place(network: Network, port: str, beat: int) -> str:
    tensor = network.spec.graph.tensors[_watched(network)[port]]
    image, element = divmod(beat * _lanes(network, port), tensor.elements)
    pixel, channel = divmod(element, tensor.channels)
    return f"image {image}, pixel {pixel}, channels from {channel}"


def _lanes(network: Network, port: str) -> int:
    return len(getattr(network, port).payload)


def _elements(outcome: Outcome, port: str) -> Int64:
    """Return the elements that left a port, in their order."""
    return np.stack(list(outcome.outputs[port].values()), axis=1).ravel()
