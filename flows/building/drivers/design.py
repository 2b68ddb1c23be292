"""What a driver has to know of a design."""

from typing import Any

from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.golden.graph import Graph
from bittrue.hdl.shell.counters import ERRORS, EVENTS
from bittrue.hdl.shell.register_map import COUNTERS, IDENTIFICATION, describe, stall_register


def describe_design(accelerator: Accelerator) -> dict[str, Any]:
    """Return what a driver has to know, as plain data.

    Parameters
    ----------
    accelerator : Accelerator
        With an AXI shell.
    """
    graph = accelerator.plan.spec.graph
    inputs, outputs = accelerator.inputs, accelerator.outputs
    single = len(inputs) == len(outputs) == 1
    table = accelerator.registers
    counters = [register.name for register in table if register.name in COUNTERS]
    own = stall_register("")
    counters += [register.name for register in table if register.name.startswith(own)]
    return {
        "name": accelerator.top,
        "identification": IDENTIFICATION,
        "build": accelerator.build,
        "inputs": [_end(end, graph, single) for end in inputs],
        "outputs": [_end(end, graph, single) for end in outputs],
        "errors": [name for event in ERRORS if (name := EVENTS[event]) is not None],
        "counters": [name for name in counters if not name.startswith("cycles_")],
        "registers": describe(table),
    }


def code_bytes(end: End) -> int:
    """Return the bytes of a code on the AXI4-Stream of an end."""
    return end.lane_bits // 8


def _end(end: End, graph: Graph, single: bool) -> dict[str, Any]:
    """Return an end; `dma` is its stream where several streams have a DMA each."""
    tensor = end.tensor
    layout = graph.layouts.get(tensor.name, tuple(range(len(tensor.shape))))
    record: dict[str, Any] = {
        "tensor": tensor.name,
        "stream": end.prefix,
        "dma": None if single else end.prefix,
        "shape": [tensor.shape[axis] for axis in layout],
        "layout": list(layout),
        "minimum": tensor.minimum,
        "maximum": tensor.maximum,
        "bytes": code_bytes(end),
        "signed": tensor.type.signed,
        "scale": None,
        "zero_point": 0,
        "bipolar": False,
    }
    quantization = graph.quantization.get(tensor.name)
    if quantization is not None:
        record["scale"] = list(quantization.scale.as_integer_ratio())
        record["zero_point"] = quantization.encoding.zero_point
        record["bipolar"] = quantization.encoding.bipolar
    return record
