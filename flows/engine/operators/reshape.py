"""Other shapes of the same codes: nothing is moved."""

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.golden.errors import UserError
from bittrue.golden.graph.reshape import Reshape


@lower_node.register
def _(node: Reshape, lowering: Lowering) -> None:
    (name,) = node.inputs
    if node.output in lowering.graph.outputs and name in lowering.graph.outputs:
        raise UserError("what it reads is an output, too; name one of them")
    lowering.views[node.output] = lowering.view(name)
    if name in lowering.values:
        lowering.values[node.output] = lowering.values[name].reshape(node.shape)
    elif node.output in lowering.graph.outputs and lowering.tensor(name).type.maximum > 127:
        lowering.views[name].buffer.raw = True
