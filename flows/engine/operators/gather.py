"""Channels taken by number."""

import numpy as np

from bittrue.flows.engine.lowering import Lowering, lower_node, moved_channels
from bittrue.golden.errors import UserError
from bittrue.golden.graph.gather import Gather


@lower_node.register
def _(node: Gather, lowering: Lowering) -> None:
    (name,) = node.inputs
    if node.axis != len(lowering.tensor(name).shape) - 1:
        raise UserError(f"it takes along dimension {node.axis}; the engine along the last one only")
    source, target = lowering.source(name), lowering.target(node.output)
    moved_channels(lowering, node, source, target, np.array(node.indices))
