"""Scenarios for layers made from a node of the integer graph: images against golden's executor."""

from collections.abc import Sequence

import numpy as np

from bittrue.flows.simulation.bench.payload import as_beats
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.reorder_layer import ReorderLayerSpec
from cocotb_tests.bench.streams import every_manner

IMAGES = 5
"""Images of the scenarios that try every manner of driving a layer."""


def image_scenarios(component: Layer[LayerSpec], seed: int, images: int = IMAGES) -> list[Scenario]:
    """Return random and extreme images, back to back, in every manner.

    At full speed each beat must come as early as the layer's promises say: `latency` cycles after
    the last input it needs, or, where an image has more beats out than in, in every cycle
    from the first one on.

    Parameters
    ----------
    component : Layer
    seed : int
        Of the images and of the pauses.
    images : int
        How many.
    """
    spec = component.spec
    node, tensors = spec.node, spec.tensors
    given = [random_images(tensor, images, seed + n) for n, tensor in enumerate(tensors)]
    codes = executed(node, tensors, given)
    inputs = {
        port: as_beats(images_of, lanes)
        for port, images_of, lanes in zip(spec.input_names, given, spec.input_lanes, strict=True)
    }
    expected = as_beats(codes, spec.output_lanes)
    cycles = full_speed_cycles(spec, codes[0].size, images)
    half = int(cycles[-1]) * 3 // 4
    return every_manner("images", inputs, {"o": expected}, {"o": cycles}, half, seed)


def full_speed_cycles(spec: LayerSpec, outputs: int, images: int) -> Int64:
    """Return when each beat out comes if nothing ever waits."""
    lanes_in, lanes_out = spec.input_lanes[0], spec.output_lanes
    beats = np.arange(outputs // lanes_out)
    needed = spec.inputs_needed(beats * lanes_out)[0]
    beats_in = spec.tensors[0].elements // lanes_in
    period = spec.cycles_per_image()
    if isinstance(spec, ReorderLayerSpec):
        return _as_soon_as_come(needed // lanes_in, beats_in, images) + spec.latency
    in_image = needed // lanes_in if period == beats_in else beats + needed[0] // lanes_in
    start = np.arange(images)[:, None] * period
    return (spec.latency + start + in_image).ravel()


def _as_soon_as_come(needed: Int64, beats_in: int, images: int) -> Int64:
    """Return when beats leave that need so many of an image's, one in a cycle, in order."""
    come = (np.arange(images)[:, None] * beats_in + needed).ravel()
    places = np.arange(len(come))
    return np.maximum.accumulate(come - places) + places


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
