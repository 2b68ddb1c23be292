"""Products of two tensors."""

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.tables import add_pairs
from bittrue.golden.engine.instruction import Operation
from bittrue.golden.graph.multiply import Multiply


@lower_node.register
def _(node: Multiply, lowering: Lowering) -> None:
    functions = [encoding.decode for encoding in node.encodings]
    add_pairs(lowering, node, Operation.MULTIPLY, functions)
