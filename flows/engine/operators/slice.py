"""Parts of a tensor."""

import numpy as np

from bittrue.flows.engine.layers import Geometry
from bittrue.flows.engine.lowering import Lowering, lower_node, moved_channels, moved_pixels
from bittrue.golden.errors import UserError
from bittrue.golden.graph.slice import Slice


@lower_node.register
def _(node: Slice, lowering: Lowering) -> None:
    (name,) = node.inputs
    rank = len(node.begin)
    if rank > 3:
        raise UserError(f"its input has {rank} dimensions; the engine cuts up to 3")
    missing = 3 - rank
    begin, stride = (0,) * missing + tuple(node.begin), (1,) * missing + tuple(node.stride)
    source, target = lowering.source(name), lowering.target(node.output)
    geometry = Geometry(stride=(stride[0], stride[1]), first=(begin[0], begin[1]))
    if begin[2] or target.channels != source.channels:
        channels = begin[2] + stride[2] * np.arange(target.channels)
        moved_channels(lowering, node, source, target, channels, geometry=geometry)
        return
    moved_pixels(lowering, node, source, target, geometry)
