"""Means over whole dimensions: sums of a window as large, or of all channels."""

import numpy as np

from bittrue.flows.engine.codes import check_requantized
from bittrue.flows.engine.layers import Geometry
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import add_sum, diagonal
from bittrue.golden.errors import UserError
from bittrue.golden.graph.mean import Mean


@lower_node.register
def _(node: Mean, lowering: Lowering) -> None:
    (name,) = node.inputs
    rank = len(lowering.tensor(name).shape)
    if rank > 3:
        raise UserError(f"its input has {rank} dimensions; the engine sums over up to 3")
    source = lowering.source(name)
    height, width, channels = source.shape
    summed = [False] * (3 - rank) + [axis in node.axes for axis in range(rank)]
    kernel = (height if summed[0] else 1, width if summed[1] else 1)
    if summed[2]:
        weight, groups = np.ones((1, *kernel, channels), dtype=np.int64), 1
    else:
        weight, groups = diagonal(kernel, channels), channels
    shape = (height // kernel[0], width // kernel[1], len(weight))
    if node.requantization is not None and len(node.requantization) > 1 and summed[2]:
        raise UserError("its requantization has channels that its sums over channels have not")
    add_sum(
        lowering, node, source, Geometry(kernel=kernel), weight, groups, node.encoding,
        np.zeros(len(weight), dtype=np.int64), check_requantized(node),
        lowering.target(node.output, shape), counted=False,
    )  # fmt: skip
