"""The channel of the greatest code."""

from bittrue.flows.engine.layers import RowLayer
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.places import Buffer, View
from bittrue.golden.errors import UserError
from bittrue.golden.graph.arg_max import ArgMax


@lower_node.register
def _(node: ArgMax, lowering: Lowering) -> None:
    source = lowering.source(node.inputs[0])
    if lowering.graph.consumers(node.output):
        raise UserError("a layer reads its indices; the engine gives them as outputs only")
    height, width, _ = source.shape
    # An index is a word of its own.
    buffer = Buffer(node.output, 1, height * width)
    target = View.whole(buffer, (height, width, lowering.lanes))
    lowering.views[node.output] = target
    lowering.layers.append(
        RowLayer(name=node.output, title=node.title, target=target, source=source)
    )
