"""How a model's values of a tensor become codes, for drivers that know nothing of graphs."""

from typing import Any

from bittrue.flows.arguments.code_files import model_shape
from bittrue.golden.graph import Graph


def value_record(graph: Graph, name: str) -> dict[str, Any]:
    """Return as plain data what `flows.arguments.code_files.codes_of` knows of a tensor.

    Parameters
    ----------
    graph : Graph
    name : str
        Of the tensor.

    Returns
    -------
    dict
        ``tensor``; ``shape`` of a sample in the model's layout, of which dimension ``i`` is
        dimension ``layout[i]`` of the graph; ``minimum`` and ``maximum`` of the codes, and whether
        they are ``signed``; ``scale`` as a fraction of two integers, None where codes are all there
        is; ``zero_point``; ``bipolar``, where codes 0 and 1 are -1 and 1.
    """
    tensor = graph.tensors[name]
    layout = graph.layouts.get(name, tuple(range(len(tensor.shape))))
    record: dict[str, Any] = {
        "tensor": name,
        "shape": list(model_shape(graph, name)),
        "layout": list(layout),
        "minimum": tensor.minimum,
        "maximum": tensor.maximum,
        "signed": tensor.type.signed,
        "scale": None,
        "zero_point": 0,
        "bipolar": False,
    }
    quantization = graph.quantization.get(name)
    if quantization is not None:
        record["scale"] = list(quantization.scale.as_integer_ratio())
        record["zero_point"] = quantization.encoding.zero_point
        record["bipolar"] = quantization.encoding.bipolar
    return record
