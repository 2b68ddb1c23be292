"""Borders of one code."""

import numpy as np

from bittrue.flows.engine.codes import offset
from bittrue.flows.engine.layers import Geometry
from bittrue.flows.engine.lowering import Lowering, lower_node, moved_channels, moved_pixels
from bittrue.golden.errors import UserError
from bittrue.golden.graph.pad import Pad


@lower_node.register
def _(node: Pad, lowering: Lowering) -> None:
    (name,) = node.inputs
    rank = len(node.padding)
    if rank > 3:
        raise UserError(f"its input has {rank} dimensions; the engine borders up to 3")
    padding = ((0, 0),) * (3 - rank) + tuple(node.padding)
    source, target = lowering.source(name), lowering.target(node.output)
    code = node.code - offset(lowering.tensor(name))
    geometry = Geometry(first=(-padding[0][0], -padding[1][0]), pad=code)
    if any(padding[2]):
        before, after = padding[2]
        kept = np.arange(source.channels)
        channels = np.concatenate([np.full(before, -1), kept, np.full(after, -1)])
        moved_channels(lowering, node, source, target, channels, code, geometry)
        return
    moved_pixels(lowering, node, source, target, geometry)
