"""Softmax over channels."""

import numpy as np

from bittrue.flows.engine.layers import RowLayer
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.golden.errors import UserError
from bittrue.golden.graph.softmax import Softmax


@lower_node.register
def _(node: Softmax, lowering: Lowering) -> None:
    (name,) = node.inputs
    if node.type.width != 8:
        raise UserError(f"its output is {node.type}; the engine makes codes of up to 8 bits")
    source = lowering.source(name)
    # Differences of narrower codes are below 256, too.
    exponential = np.zeros(256, dtype=np.int64)
    exponential[: len(node.exponential)] = node.exponential
    lowering.layers.append(
        RowLayer(
            name=node.output,
            title=node.title,
            target=lowering.target(node.output),
            source=source,
            exponential=exponential,
        )
    )
