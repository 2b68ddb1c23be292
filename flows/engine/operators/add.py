"""Sums and differences of two scaled operands."""

from bittrue.flows.engine.codes import check_requantized
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.tables import add_look_up, add_pairs, one_by_one
from bittrue.golden.engine.instruction import Operation
from bittrue.golden.errors import UserError
from bittrue.golden.graph.add import Add


@lower_node.register
def _(node: Add, lowering: Lowering) -> None:
    functions = [addend.evaluate for addend in node.addends]
    if len(functions) == 2:
        add_pairs(lowering, node, Operation.ADD, functions)
        return
    requantization = check_requantized(node)
    if len(functions) != 1 or len(requantization) > 1:
        raise UserError(f"it has {len(functions)} operands; the engine adds two")
    add_look_up(
        lowering,
        node,
        node.inputs[0],
        lambda codes: one_by_one(requantization, functions[0](codes)),
    )
