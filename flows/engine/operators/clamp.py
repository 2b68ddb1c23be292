"""Limits of a code."""

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.tables import add_look_up
from bittrue.golden.graph.clamp import Clamp


@lower_node.register
def _(node: Clamp, lowering: Lowering) -> None:
    add_look_up(
        lowering, node, node.inputs[0], lambda codes: codes.clip(node.minimum, node.maximum)
    )
