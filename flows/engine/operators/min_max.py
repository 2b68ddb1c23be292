"""The lesser or the greater of two codes."""

from bittrue.flows.engine.layers import VectorLayer
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.tables import operands
from bittrue.golden.engine.instruction import Operation
from bittrue.golden.graph.min_max import MinMax


@lower_node.register
def _(node: MinMax, lowering: Lowering) -> None:
    names = list(node.inputs)
    if lowering.tensor(names[0]).elements < lowering.tensor(names[1]).elements:
        names.reverse()
    a, b = operands(lowering, node, names)
    lowering.layers.append(
        VectorLayer(
            name=node.output,
            title=node.title,
            target=lowering.target(node.output, a.shape),
            operation=Operation.MAXIMUM if node.greatest else Operation.MINIMUM,
            a=a,
            b=b,
        )
    )
