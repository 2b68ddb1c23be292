"""From a graph to a program, with what a host has to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bittrue.flows.engine.allocation import allocate
from bittrue.flows.engine.emit import Emitter
from bittrue.flows.engine.ends import End
from bittrue.flows.engine.layers import Layer
from bittrue.flows.engine.lowering import Lowering
from bittrue.flows.engine.places import View
from bittrue.flows.engine.report import Report, predict
from bittrue.flows.engine.timing import Memory
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Instruction, Load, Region
from bittrue.golden.engine.program import Needs, Program
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph

_MAXIMUM_ADDRESS = 1 << 32
_MAXIMUM_LAYERS = 1 << 16


@dataclass(frozen=True)
class Compiled:
    """A network's program.

    Parameters
    ----------
    engine : EngineConfiguration
    program : Program
    image : bytes
        Header, instructions and constants, as they are in memory.
    inputs, outputs : tuple of End
    layers : tuple of Layer
        By number, as instructions have it.
    views : mapping of str to View
        Where each tensor lies while it is needed.
    report : Report
    """

    engine: EngineConfiguration
    program: Program
    image: bytes
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    layers: tuple[Layer, ...]
    views: Mapping[str, View]
    report: Report


def compile_graph(
    graph: Graph, engine: EngineConfiguration, memory: Memory | None = None
) -> Compiled:
    """Compile a network for an engine.

    Parameters
    ----------
    graph : Graph
    engine : EngineConfiguration
    memory : Memory, optional
        What time is predicted with.

    Raises
    ------
    UserError
        Naming the layer that the engine does not take, and why.
    """
    lowering = Lowering(graph, engine)
    layers = lowering.layers
    if len(layers) > _MAXIMUM_LAYERS:
        raise UserError(f"the network has {len(layers)} layers; allowed: {_MAXIMUM_LAYERS}")
    inputs, outputs = (
        [lowering.views[name] for name in names]
        for names in ([tensor.name for tensor in graph.inputs], graph.outputs)
    )
    size = allocate(
        layers,
        [view.buffer for view in inputs],
        [view.buffer for view in outputs],
        engine.lanes,
    )
    emitter = Emitter(engine, lowering.constants)
    for number, layer in enumerate(layers):
        emitter.emit(number, layer)
    emitter.end()
    instructions = emitter.tokens.finished()
    bare = Program(Needs.of(engine, size), instructions)
    program = replace(bare, instructions=tuple(_placed(each, bare) for each in instructions))
    if max(size, program.constants + len(emitter.constants)) >= _MAXIMUM_ADDRESS:
        raise UserError(f"the network needs {size} bytes of data; allowed: below 4 GiB")
    names = [tensor.name for tensor in graph.inputs]
    return Compiled(
        engine,
        program,
        program.encode(bytes(emitter.constants)),
        tuple(End.of(graph, *each, engine) for each in zip(names, inputs, strict=True)),
        tuple(End.of(graph, *each, engine) for each in zip(graph.outputs, outputs, strict=True)),
        tuple(layers),
        lowering.views,
        predict(layers, program.instructions, engine, memory or Memory()),
    )


def _placed(instruction: Instruction, program: Program) -> Instruction:
    """Return an instruction with the address in the image of the constants that it loads."""
    if isinstance(instruction, Load) and instruction.region == Region.IMAGE:
        return replace(instruction, address=instruction.address + program.constants)
    return instruction
