"""Codes of the network itself: they lie in the image, where something reads them."""

import numpy as np

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.golden.graph.constant import Constant


@lower_node.register
def _(node: Constant, lowering: Lowering) -> None:
    lowering.values[node.output] = np.asarray(node.values, dtype=np.int64)
