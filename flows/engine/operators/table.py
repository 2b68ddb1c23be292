"""Any function of a code."""

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.tables import add_look_up
from bittrue.golden.graph.table import Table


@lower_node.register
def _(node: Table, lowering: Lowering) -> None:
    (name,) = node.inputs
    lowest = lowering.tensor(name).type.minimum
    add_look_up(lowering, node, name, lambda codes: node.values[codes - lowest].astype("int64"))
