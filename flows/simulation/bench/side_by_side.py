"""Several circuits in one bench, so that one build and one simulation serve them all."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from numpy.typing import NDArray

from bittrue.flows.simulation.bench.cosimulation import Run
from bittrue.flows.simulation.bench.payload import Columns
from bittrue.flows.simulation.bench.scenario import Scenario


class SideBySide(wiring.Component):
    """Circuits with all their ports, each port's name behind that of its circuit.

    Parameters
    ----------
    circuits : mapping of str to Component
        By names that hold no port names of others.
    """

    def __init__(self, circuits: Mapping[str, wiring.Component]) -> None:
        self.circuits = dict(circuits)
        super().__init__(
            {
                f"{name}_{port}": member
                for name, circuit in circuits.items()
                for port, member in circuit.signature.members.items()
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect every port with that of its circuit."""
        m = Module()
        for name, circuit in self.circuits.items():
            m.submodules[name] = circuit
            for port in circuit.signature.members:
                outer = wiring.flipped(getattr(self, f"{name}_{port}"))
                wiring.connect(m, outer, getattr(circuit, port))
        return m


def merged(scenarios: Mapping[str, Sequence[Scenario]]) -> list[Scenario]:
    """Return scenarios in which each circuit does what its own of the same position says.

    The circuits' lists end together with the shortest.
    """
    return [
        _merge(dict(zip(scenarios, row, strict=True)))
        for row in zip(*scenarios.values(), strict=False)
    ]


def _merge(own: Mapping[str, Scenario]) -> Scenario:
    first = next(iter(own.values()))
    inputs: dict[str, Columns] = {}
    outputs: dict[str, int] = {}
    stall: dict[str, int] = {}
    expected: dict[str, Columns] = {}
    cycles: dict[str, NDArray[Any]] = {}
    for name, scenario in own.items():
        inputs |= {f"{name}_{port}": value for port, value in scenario.run.inputs.items()}
        outputs |= {f"{name}_{port}": value for port, value in scenario.run.outputs.items()}
        stall |= {f"{name}_{port}": value for port, value in scenario.run.stall.items()}
        expected |= {f"{name}_{port}": value for port, value in scenario.expected.items()}
        cycles |= {f"{name}_{port}": value for port, value in scenario.cycles.items()}
    run = Run(
        inputs=inputs,
        outputs=outputs,
        stall=stall,
        seed=first.run.seed,
        reset=first.run.reset,
        stop_after=first.run.stop_after,
        patience=max(scenario.run.patience for scenario in own.values()),
    )
    return Scenario(first.name, run, expected, cycles)
