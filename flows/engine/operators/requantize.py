"""Changes of scale: functions of a code, or sums of one value where channels have their own."""

import numpy as np

from bittrue.flows.engine.codes import check_requantized
from bittrue.flows.engine.layers import Geometry
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import add_sum, diagonal
from bittrue.flows.engine.tables import add_look_up, one_by_one
from bittrue.golden.graph.requantize import Requantize


@lower_node.register
def _(node: Requantize, lowering: Lowering) -> None:
    (name,) = node.inputs
    requantization = check_requantized(node)
    if len(requantization) == 1:
        add_look_up(
            lowering,
            node,
            name,
            lambda codes: one_by_one(requantization, node.encoding.decode(codes)),
        )
        return
    source = lowering.source(name)
    channels = source.channels
    add_sum(
        lowering, node, source, Geometry(), diagonal((1, 1), channels), channels, node.encoding,
        np.zeros(channels, dtype=np.int64), requantization, counted=False,
    )  # fmt: skip
