"""Scenarios for layers made from a node of the integer graph: images against golden's executor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cocotb_tests.bench.streams import every_manner
from flows.simulation.bench.payload import as_beats
from flows.simulation.bench.scenario import Scenario
from golden.executor.execute import Executor
from golden.graph import Graph, Node, Tensor
from golden.numbers.arrays import Int64

IMAGES = 5
"""Images of the scenarios that try every manner of driving a layer."""


def image_scenarios(component: Any, seed: int, images: int = IMAGES) -> list[Scenario]:
    """Return random and extreme images, back to back, in every manner.

    At full speed each beat must come as early as the layer's promises say: `latency` cycles after
    the last input it needs, or, where an image has more beats out than in, in every cycle
    from the first one on.

    Parameters
    ----------
    component : a layer
        With ``node``, ``tensors``, ``lanes``, ``latency`` and ``inputs_needed``.
    seed : int
        Of the images and of the pauses.
    images : int
        How many.
    """
    node, tensors, lanes = component.node, component.tensors, component.lanes
    given = [random_images(tensor, images, seed + n) for n, tensor in enumerate(tensors)]
    codes = executed(node, tensors, given)
    ports = ["i"] if len(tensors) == 1 and "i" in component.signature.members else [
        f"i{index}" for index in range(len(tensors))
    ]  # fmt: skip
    inputs = {
        port: as_beats(images_of, lanes) for port, images_of in zip(ports, given, strict=True)
    }
    out_lanes = len(component.o.payload)
    expected = as_beats(codes, out_lanes)
    cycles = full_speed_cycles(component, codes[0].size, images)
    half = int(cycles[-1]) * 3 // 4
    return every_manner("images", inputs, {"o": expected}, {"o": cycles}, half, seed)


def full_speed_cycles(component: Any, outputs: int, images: int) -> Int64:
    """Return when each beat out comes if nothing ever waits."""
    lanes_in, lanes_out = component.lanes, len(component.o.payload)
    beats = np.arange(outputs // lanes_out)
    needed = component.inputs_needed(beats * lanes_out)
    needed = needed[0] if isinstance(needed, tuple) else needed
    beats_in = component.tensors[0].elements // lanes_in
    period = component.cycles_per_image()
    in_image = needed // lanes_in if period == beats_in else beats + needed[0] // lanes_in
    start = np.arange(images)[:, None] * period
    return (component.latency + start + in_image).ravel()


def random_images(tensor: Tensor, images: int, seed: int) -> Int64:
    """Return random codes, the first image full of extremes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(tensor.minimum, tensor.maximum, (images, *tensor.shape), endpoint=True)
    codes[0] = rng.choice([tensor.minimum, tensor.maximum], tensor.shape)
    return codes


def executed(node: Node, tensors: Sequence[Tensor], inputs: Sequence[Int64]) -> Int64:
    """Return what golden makes of images."""
    graph = Graph(tuple(tensors), (node,), (node.output,))
    named = {tensor.name: codes for tensor, codes in zip(tensors, inputs, strict=True)}
    return Executor(graph).run(named)[node.output].astype(np.int64)
