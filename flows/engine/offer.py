"""The engine, offered where a network does not fit a device as a circuit of its own."""

from bittrue.flows.engine.compile import compile_graph
from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph

TAKES = {"zynq7020": (42_000, 220, 126)}
"""Room for an engine, by its name, the largest first: a budget of LUTs, and the multipliers and
block RAMs of its units, which were counted one by one. The whole has not been counted."""


def engine_offer(graph: Graph, luts: int, multipliers: int, block_rams: int) -> str:
    """Return how the engine runs a network on a device, as the end of a message.

    Parameters
    ----------
    graph : Graph
    luts, multipliers, block_rams : int
        Six-input tables, DSP48E1 and RAMB36 of the device.

    Returns
    -------
    str
        Empty if no engine is so small, or none takes the network.
    """
    there = luts, multipliers, block_rams
    for name, needed in TAKES.items():
        if any(has < takes for has, takes in zip(there, needed, strict=True)):
            continue
        try:
            cycles = compile_graph(graph, CONFIGURATIONS[name]).report.cycles
        except UserError:
            continue
        return (
            f"; the engine runs it from memory, an image in {cycles:,} cycles by prediction "
            "(its area was counted in parts, not yet as a whole): "
            f"bittrue engine --device {name} --output ENGINE, then bittrue compile --engine ENGINE"
        )
    return ""
