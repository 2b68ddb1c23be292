"""What a program is predicted to take, layer by layer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bittrue.flows.engine.layers import Layer
from bittrue.flows.engine.timing import Memory, Span, spans
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Instruction, Load, Store, Unit


@dataclass(frozen=True)
class LayerReport:
    """One layer's share of an inference.

    Parameters
    ----------
    name, title : str
    products : int
        Multiplications of the network.
    cycles : int
        From the end of the layer before it to its own.
    loaded, stored : int
        Bytes.
    bound : str
        What took longest in these cycles: ``multipliers``, ``load``, ``store`` or ``latency``.
    instructions : int
    """

    name: str
    title: str
    products: int
    cycles: int
    loaded: int
    stored: int
    bound: str
    instructions: int


@dataclass(frozen=True)
class Report:
    """A program's prediction.

    Parameters
    ----------
    layers : tuple of LayerReport
    cycles : int
        Of one inference, from memory to memory.
    peak : int
        Products of the array in a cycle.
    """

    layers: tuple[LayerReport, ...]
    cycles: int
    peak: int

    @property
    def products(self) -> int:
        """Multiplications of the network."""
        return sum(layer.products for layer in self.layers)

    @property
    def share(self) -> float:
        """Share of the array's peak."""
        return self.products / (self.cycles * self.peak)

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "cycles": self.cycles,
            "products": self.products,
            "products_per_cycle": self.peak,
            "share_of_peak": round(self.share, 4),
            "layers": [asdict(layer) for layer in self.layers],
        }


_LATENCY_SHARE = 0.6
"""Below this share of the cycles, no unit's work explains them."""


def predict(
    layers: Sequence[Layer],
    instructions: Sequence[Instruction],
    engine: EngineConfiguration,
    memory: Memory,
) -> Report:
    """Return what a program is predicted to take.

    Parameters
    ----------
    layers : sequence of Layer
        By number, as instructions have it.
    instructions : sequence of Instruction
    engine : EngineConfiguration
    memory : Memory
    """
    found = spans(instructions, engine, memory)
    by_layer: list[list[tuple[Instruction, Span]]] = [[] for _ in layers]
    for instruction, span in zip(instructions, found, strict=True):
        if isinstance(instruction, Load | Store) or instruction.unit is Unit.COMPUTE:
            by_layer[instruction.layer].append((instruction, span))
    reports, before = [], 0.0
    for layer, taken in zip(layers, by_layer, strict=True):
        end = max((span.end for _, span in taken), default=before)
        cycles = max(end - before, 0.0)
        reports.append(_layer(layer, taken, cycles, engine))
        before = max(before, end)
    return Report(tuple(reports), round(before), engine.products)


def _layer(
    layer: Layer,
    taken: Sequence[tuple[Instruction, Span]],
    cycles: float,
    engine: EngineConfiguration,
) -> LayerReport:
    busy = dict.fromkeys(Unit, 0.0)
    moved = {Load: 0, Store: 0}
    for instruction, span in taken:
        busy[instruction.unit] += span.busy
        if isinstance(instruction, Load | Store):
            words = instruction.planes * instruction.rows * instruction.run
            moved[type(instruction)] += words * engine.lanes
    named = {
        "multipliers" if layer.products else "compute": busy[Unit.COMPUTE],
        "load": max(busy[Unit.LOAD_0], busy[Unit.LOAD_1]),
        "store": busy[Unit.STORE],
    }
    bound = max(named, key=lambda name: named[name])
    if named[bound] < _LATENCY_SHARE * cycles:
        bound = "latency"
    return LayerReport(
        layer.name,
        layer.title,
        layer.products,
        round(cycles),
        moved[Load],
        moved[Store],
        bound,
        len(taken),
    )
