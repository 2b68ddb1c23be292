"""How long the first image takes, estimated from the promises of the layers."""

import numpy as np

from bittrue.flows.planning.planned import Plan
from bittrue.golden.numbers.arrays import Float64
from bittrue.hdl.network.connections import Connections

Cycles = Float64


def first_image_cycles(plan: Plan) -> int:
    """Estimate the cycles from the first input to the last output of an image in an empty network.

    Every output of a layer waits for the inputs it needs, and for its turn: those of a matrix layer
    are taken to come at equal distances, those of any other in successive beats. What layers need
    of each other and the depths of their pipelines are exact.

    Parameters
    ----------
    plan : Plan
    """
    spec, connections = plan.spec, Connections(plan.spec)
    distances = {
        layer.name: layer.cycles / spec.graph.tensors[layer.name].elements
        for layer in plan.layers
        if layer.folding is not None
    }
    times: dict[str, Cycles] = {
        source.name: np.arange(source.elements, dtype=float) // spec.lanes_of(source.name)
        for source in spec.inputs
    }
    times |= {each.tensor.name: np.zeros(each.tensor.elements) for each in spec.graph.states}
    for name, layer in spec.layers.items():
        places = np.arange(spec.graph.tensors[name].elements)
        needed = layer.inputs_needed(places)
        arrivals = [
            np.where(needed[port] > 0, times[connections.origin(tensor)][needed[port] - 1], 0.0)
            for port, tensor in enumerate(layer.node.inputs)
        ]
        ready = np.max([np.zeros(len(places)), *arrivals], axis=0)  # Constants wait for nothing.
        distance = distances.get(name, 1 / spec.lanes_of(name))
        turns = places * distance
        times[name] = np.maximum.accumulate(ready - turns) + turns + distance + layer.latency
    return round(max(float(times[connections.origin(each.name)][-1]) for each in spec.outputs))
