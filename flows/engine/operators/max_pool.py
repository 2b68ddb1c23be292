"""The greatest code of each window."""

from dataclasses import replace

from bittrue.flows.engine.codes import offset
from bittrue.flows.engine.layers import PoolLayer
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import windowed
from bittrue.golden.graph.max_pool import MaxPool


@lower_node.register
def _(node: MaxPool, lowering: Lowering) -> None:
    moved = offset(lowering.tensor(node.output))
    lowering.layers.append(
        PoolLayer(
            name=node.output,
            title=node.title,
            target=lowering.target(node.output),
            source=lowering.source(node.inputs[0]),
            # Every window meets the input, so the least code decides nothing.
            geometry=replace(windowed(node.window), pad=-128),
            minimum=node.minimum - moved,
            maximum=node.maximum - moved,
        )
    )
