"""How often calls of a network with states can follow each other.

What a call reads of a state, the call before has to make first. Around such a loop everything takes
its time, however fast the layers are: latencies and turns add up, and the next call begins no
earlier.
"""

import math

import numpy as np

from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.fifo import Fifo
from bittrue.hdl.layers.parts.lanes import Lanes
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.network.connections import Connections, Edge
from bittrue.hdl.network.spec import NetworkSpec

Cycles = Float64

_CALLS = 16
"""Calls after which those that follow come at equal distances."""


def loop_interval(spec: NetworkSpec) -> int:
    """Return the cycles between calls that states need; 0 for a network without.

    Every output of a layer waits for the inputs it needs, for its turn, and for the same output of
    the call before, while inputs of the network are there whenever they are wanted. Outputs of a
    matrix layer are taken to come at equal distances, those of any other in successive beats.
    """
    if not spec.graph.states:
        return 0
    connections = Connections(spec)
    ends = []
    before: dict[str, Cycles] = {}
    for _ in range(_CALLS):
        before = _next_call(spec, connections, before)
        ends.append(max(float(times[-1]) for times in before.values()))
    half = _CALLS // 2
    return math.ceil((ends[-1] - ends[half - 1]) / (_CALLS - half) - 1e-6)


def _next_call(
    spec: NetworkSpec, connections: Connections, before: dict[str, Cycles]
) -> dict[str, Cycles]:
    """Return when elements of all tensors come in a call, from when they came before."""
    graph = spec.graph
    times: dict[str, Cycles] = {each.name: np.zeros(each.elements) for each in graph.inputs}
    for number, state in enumerate(graph.states):
        kept = connections.origin(state.assigned)
        times[state.tensor.name] = (
            _arrivals(connections, Edge(kept, None, state=number), before[kept])
            if before
            else np.zeros(state.tensor.elements)
        )
    for name, layer in spec.layers.items():
        places = np.arange(graph.tensors[name].elements)
        ready = np.zeros(len(places))
        needed = layer.inputs_needed(places)
        for port, tensor in enumerate(layer.node.inputs):
            source = connections.origin(tensor)
            come = _arrivals(connections, Edge(source, layer.node, port), times[source])
            come = np.concatenate([[0.0], come])  # Of no elements, nothing has to come.
            ready = np.maximum(ready, come[needed[port]])
        made = _in_turn(ready, _turns(layer, places)) + _computing(layer) + layer.latency
        if before:
            made = np.maximum(made, before[name] + layer.cycles_per_image())
        times[name] = made
    return times


def _in_turn(ready: Cycles, turns: Cycles) -> Cycles:
    """Return when elements pass that are ready at some times and have turns one after the other."""
    return np.maximum.accumulate(ready - turns) + turns


def _turns(layer: LayerSpec, places: Int64) -> Cycles:
    """Return how much later each output element passes than the first could, if none waits."""
    if not isinstance(layer, MatrixLayerSpec):
        return (places // layer.output_lanes).astype(np.float64)
    # A frame is what is computed at once, from a window that is there when it begins.
    frame, place = np.divmod(places, layer.folding.outputs)
    frames = len(places) // layer.folding.outputs
    return frame * (layer.cycles_per_image() / frames) + place // layer.output_lanes


def _computing(layer: LayerSpec) -> float:
    """Return the cycles in which the first outputs are computed, latencies aside."""
    if not isinstance(layer, MatrixLayerSpec):
        return 0.0
    return layer.cycles_per_image() * layer.folding.outputs / layer.output.elements


def _arrivals(connections: Connections, edge: Edge, times: Cycles) -> Cycles:
    """Return when the elements that are made at some times come to where an edge ends."""
    given, wanted = connections.lanes_from(edge.tensor), connections.lanes_at(edge)
    places = np.arange(len(times))
    for lanes in dict.fromkeys((math.lcm(given, wanted), wanted)):
        if lanes != given:
            times = _in_turn(times, (places // lanes).astype(np.float64)) + Lanes.latency
    return times + Fifo.latency if connections.fifo(edge) is not None else times
