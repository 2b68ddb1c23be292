"""A program compared with the graph that it was compiled from, layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.codes import offset
from bittrue.flows.engine.compile import Compiled
from bittrue.flows.engine.ends import End
from bittrue.golden.engine.execute import Engine, Observer
from bittrue.golden.engine.instruction import Instruction, Unit
from bittrue.golden.graph import Graph

Codes = NDArray[np.integer]


@dataclass(frozen=True)
class Comparison:
    """What came of a comparison.

    Parameters
    ----------
    compared, differing : int
        Codes of all tensors that layers make.
    first : str
        Layer, instruction and element where the first one differs; empty if none does.
    """

    compared: int
    differing: int
    first: str

    @property
    def passed(self) -> bool:
        """Whether codes were compared and all were equal."""
        return self.compared > 0 and self.differing == 0


def compare_layers(
    compiled: Compiled,
    graph: Graph,
    tensors: Mapping[str, Codes],
    sample: int = 0,
    observer: Observer | None = None,
) -> Comparison:
    """Execute a program in order and compare what each layer leaves in memory.

    Parameters
    ----------
    compiled : Compiled
    graph : Graph
    tensors : mapping of str to ndarray of integers, shape (samples, *shape)
        Every tensor of the graph, as its own execution has it.
    sample : int
        Which of the samples.
    observer : Observer, optional
        Called after each instruction, too.
    """
    data = data_before(compiled, tensors, sample)
    ends = _last_stores(compiled, graph)
    recentred = {
        end.name
        for end in ends.values()
        if offset(graph.tensors[end.name]) and not compiled.views[end.name].buffer.raw
    }
    counts = [0, 0]
    first: list[str] = []

    def observe(number: int, instruction: Instruction, engine: Engine) -> None:
        if observer is not None:
            observer(number, instruction, engine)
        end = ends.get(number)
        if end is None:
            return
        expected = np.asarray(tensors[end.name][sample], dtype=np.int64)
        got = end.read(data).astype(np.int64)
        if end.name in recentred:
            got = (got + 128) & 255
        wrong = np.argwhere(got != expected)
        counts[0] += expected.size
        counts[1] += len(wrong)
        if len(wrong) and not first:
            place = tuple(wrong[0].tolist())
            first.append(
                f"layer {instruction.layer}, {end.name!r}, after instruction {number}: element "
                f"{place} is {got[place]}, the graph has {expected[place]}"
            )

    Engine(compiled.engine, compiled.image, data).run(observe)
    return Comparison(counts[0], counts[1], first[0] if first else "")


def data_before(compiled: Compiled, tensors: Mapping[str, Codes], sample: int) -> NDArray[np.uint8]:
    """Return the data region with a sample's inputs, and zeros elsewhere."""
    data = np.zeros(compiled.program.needs.data_bytes, dtype=np.uint8)
    for end in compiled.inputs:
        end.write(data, np.asarray(tensors[end.name][sample], dtype=np.int64))
    return data


def _last_stores(compiled: Compiled, graph: Graph) -> dict[int, End]:
    """Return the tensor that is complete after an instruction, by the instruction's number."""
    last: dict[str, int] = {}
    for number, instruction in enumerate(compiled.program.instructions[:-1]):
        if instruction.unit is Unit.STORE:
            last[compiled.layers[instruction.layer].name] = number
    return {
        number: End.of(graph, name, compiled.views[name], compiled.engine)
        for name, number in last.items()
    }
