"""What a driver has to know of a design."""

from typing import Any

from bittrue.flows.arguments.value_record import value_record
from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE, Instruction
from bittrue.golden.engine.program import HEADER
from bittrue.golden.graph import Graph
from bittrue.hdl.engine import register_map as engine_map
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


def describe_engine(engine: EngineConfiguration) -> dict[str, Any]:
    """Return what the driver of an engine has to know, as plain data."""
    table = engine_map.registers(engine)
    constants = {each.name: each.constant for each in table if each.constant is not None}
    sizes = [name for name in constants if name in engine.document()]
    return {
        "identification": engine_map.IDENTIFICATION,
        "constants": constants,
        "sizes": sizes,
        "counters": [name for name in engine_map.COUNTERS if not name.startswith("cycles_")],
        "faults": {fault.value: meaning for fault, meaning in engine_map.FAULTS.items()},
        "first_fault_of_instructions": engine_map.Fault.OPCODE.value,
        "header_bytes": HEADER.size,
        "instruction_bytes": SIZE,
        "layer_byte": next(first for name, _, first in Instruction.layout() if name == "layer"),
        "registers": describe(table),
    }


def code_bytes(end: End) -> int:
    """Return the bytes of a code on the AXI4-Stream of an end."""
    return end.lane_bits // 8


def _end(end: End, graph: Graph, single: bool) -> dict[str, Any]:
    """Return an end; `dma` is its stream where several streams have a DMA each."""
    return {
        **value_record(graph, end.tensor.name),
        "stream": end.prefix,
        "dma": None if single else end.prefix,
        "bytes": code_bytes(end),
    }
