"""Where a network begins and ends: its streams' names, and which graphs have such ends."""

import re
from collections.abc import Sequence

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.needed_nodes import needed_nodes

_LONGEST = 64
"""Characters of a tensor's name that are kept in the name of its stream."""


def stream_names(prefix: str, tensors: Sequence[str]) -> dict[str, str]:
    """Return the name of each tensor's stream, by the tensor.

    One alone is called `prefix`. Of several, each has the tensor's name behind it: in lower case,
    what no identifier can have as ``_``, and with a number where two would be alike.

    Parameters
    ----------
    prefix : str
        ``i`` for tensors that enter, ``o`` for those that leave.
    tensors : sequence of str
        In the order of the graph.
    """
    if len(tensors) == 1:
        return {tensors[0]: prefix}
    names: dict[str, str] = {}
    for tensor in tensors:
        plain = re.sub(r"[^a-z0-9]+", "_", tensor.lower()).strip("_")[:_LONGEST].rstrip("_")
        name = first = f"{prefix}_{plain or 'tensor'}"
        count = 1
        while name in names.values():
            count += 1
            name = f"{first}_{count}"
        names[tensor] = name
    return names


def check_ends(graph: Graph) -> None:
    """Refuse a graph that no circuit is made of, for its inputs and outputs.

    Raises
    ------
    UserError
        Naming an input that nothing reads, an output that depends on no input of its call, or a
        state that no stream can carry.
    """
    fed = {tensor.name for tensor in graph.inputs}
    for node in graph.nodes:
        if not fed.isdisjoint(node.inputs):
            fed.add(node.output)
    for name in graph.outputs:
        if name not in fed:
            reason = "it is the same for every image, which no stream carries"
            if graph.states:
                reason = "it would leave before the call whose output it is begins"
            raise UserError(
                f"output {name!r} depends on no input: {reason}; leave it out: --outputs names the "
                "others"
            )
    leaving = {*graph.outputs, *(state.assigned for state in graph.states)}
    read = {name for node in graph.nodes for name in node.inputs} | leaving
    constants = {node.output for node in graph.nodes if not node.inputs}
    for state in graph.states:
        if state.tensor.name not in read or state.assigned in constants:
            what = "is assigned a constant" if state.assigned in constants else "is read by nothing"
            raise UserError(f"state {state.name!r} {what}, which no circuit keeps")
    for tensor in graph.inputs:
        if tensor.name not in read:
            raise UserError(
                f"input {tensor.name!r} is read by nothing, so that no stream can carry it; leave "
                "it out: --inputs names the others"
            )


def check_everything_is_read(graph: Graph) -> None:
    """Refuse a graph with a node that leads nowhere; see `golden.lowering.needed_nodes`.

    Raises
    ------
    UserError
        Naming it.
    """
    needed = needed_nodes(graph)
    if needed is graph:
        return
    *_, last = (node.output for node in graph.nodes if node.output not in needed.tensors)
    raise UserError(f"nothing reads {last!r}, whose stream would wait for ever; leave it out")
