"""Scenarios for beats kept until they are wanted."""

import numpy as np

from bittrue.flows.simulation.bench.cosimulation import Run
from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.hdl.blocks.shapes import type_of
from bittrue.hdl.layers.parts.fifo import Fifo
from cocotb_tests.bench.streams import STALL, every_way


def scenarios(component: Fifo, parameters: object, seed: int, quick: bool) -> list[Scenario]:
    """Return random beats in every manner, several times as many as are kept; and as many as fit.

    The FIFO is full when nothing leaves it and `depth` beats and two more have entered.
    """
    count = max(150 if quick else 10_000, 4 * component.depth)
    kind = type_of(component.i.payload.shape().elem_shape)
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.minimum, kind.maximum, (count, component.lanes), endpoint=True)
    columns = lanes_of("", codes)
    result = every_way("beats", columns, columns, component.latency, seed)
    fitting = {name: values[: component.depth + 2] for name, values in columns.items()}
    # With pauses at the input: beats come while the ones before them wait behind the memory.
    stall = {"i": STALL, "o": 256}
    never = Run(inputs={"i": fitting}, outputs={"o": 0}, stall=stall, seed=seed)
    result.append(Scenario("filled", never, {"o": {name: v[:0] for name, v in fitting.items()}}))
    if component.depth == 1:  # It fills and empties in turn.
        return [*result[1:6], result[-1]]
    return result
