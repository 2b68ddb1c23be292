"""Sums of windows."""

import numpy as np

from bittrue.flows.engine.codes import check_requantized
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import add_sum, diagonal, windowed
from bittrue.golden.errors import UserError
from bittrue.golden.graph.sum_pool import SumPool


@lower_node.register
def _(node: SumPool, lowering: Lowering) -> None:
    source = lowering.source(node.inputs[0])
    if node.encoding.bipolar and node.window.has_border:
        raise UserError("its codes are bipolar and have a border; -1 and 1 have no zero to fill it")
    weight = diagonal(node.window.size, source.channels)
    bias = np.zeros(source.channels, dtype=np.int64)
    add_sum(
        lowering, node, source, windowed(node.window), weight, source.channels, node.encoding, bias,
        check_requantized(node), counted=False,
    )  # fmt: skip
