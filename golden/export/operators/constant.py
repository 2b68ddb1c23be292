"""Codes that do not depend on the input, as ONNX operators."""

from bittrue.golden.errors import UserError
from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.constant import Constant


@write_node.register
def _(node: Constant, graph: Graph, writer: Writer) -> str:
    values = writer.constant(node.values[None])
    readers = graph.consumers(node.output)
    of_samples = _made_of_samples(graph)
    if node.output not in graph.outputs and all(
        reader.repeats_operands and reader.output in of_samples for reader in readers
    ):
        return writer.operator("Identity", values)  # Which broadcast over the batch.
    if not graph.inputs:
        raise UserError("the network has no input, so there is no batch; it computes a constant")
    batch = writer.operator("Shape", graph.inputs[0].name, start=0, end=1)
    sizes = writer.operator("Concat", batch, writer.constant(node.values.shape), axis=0)
    return writer.operator("Expand", values, sizes)


def _made_of_samples(graph: Graph) -> set[str]:
    """Return the tensors that are another for each sample, and so have a batch."""
    found = {tensor.name for tensor in graph.inputs} | {s.tensor.name for s in graph.states}
    for node in graph.nodes:
        if found.intersection(node.inputs):
            found.add(node.output)
    return found
