"""The circuit of every layer, chosen for a device or for a rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bittrue.devices import Device
from bittrue.flows.building.accelerator import check_shell
from bittrue.flows.building.decisions import Earlier, plan_like
from bittrue.flows.planning import planned
from bittrue.flows.planning.devices import Fill
from bittrue.flows.planning.plan import AXI, plan_network
from bittrue.flows.planning.targets import plan_for_latency
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.multipliers.catalogue import find_multiplier
from bittrue.hdl.network.ends import check_ends


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, and the circuit of every layer; `plan` makes one.

    Parameters
    ----------
    graph : Graph
        As it was given.
    device : Device
    shell : str
        What surrounds the network.
    circuits : flows.planning.planned.Plan
        What was decided.
    like : Path, optional
        Folder of the accelerator whose circuit it is.

    Examples
    --------
    >>> import bittrue
    >>> plan = bittrue.plan(bittrue.load("small.bittrue"), "ecp5-25f", cycles=12)
    >>> for layer in plan.layers:
    ...     print(layer.operator, layer.cycles, layer.multipliers)
    fully_connected 12 1
    """

    graph: Graph
    device: Device
    shell: str
    circuits: planned.Plan
    like: Path | None = None

    @property
    def cycles(self) -> int:
        """Cycles between images."""
        return self.circuits.cycles

    @property
    def layers(self) -> tuple[planned.PlannedLayer, ...]:
        """Those that have a circuit, in the order of the network."""
        return self.circuits.layers

    @property
    def luts(self) -> int:
        """Tables, estimated, with shell and FIFOs."""
        return self.circuits.resources.luts

    @property
    def multipliers(self) -> int:
        """Hardware multipliers, estimated."""
        return self.circuits.resources.multipliers

    @property
    def block_rams(self) -> float:
        """Block RAMs, estimated."""
        return float(self.circuits.resources.block_rams)


def plan(
    graph: Graph,
    device: Device | str,
    cycles: int | None = None,
    fill: int | tuple[int, int, int] = 80,
    shell: str = AXI,
    layers: Mapping[str, str] = MappingProxyType({}),
    like: str | Path | None = None,
    latency: int | None = None,
) -> Plan:
    """Choose the circuit of every layer of a network.

    Parameters
    ----------
    graph : Graph
        Every output depends on an input, and every input is read.
    device : Device or str
    cycles : int, optional
        Cycles between images that are enough; by default as few as there are resources for.
    fill : int, or three of them
        Per cent to use: of the LUTs, or of LUTs, multipliers and block RAMs.
    shell : {"axi", "axi-clocks", "stream"}
        What surrounds the network: AXI4-Stream and AXI4-Lite, or bare streams.
    layers : mapping of str to str, optional
        What multiplies in some layers, by the tensors that they make: ``dsp``, ``lut``, ``xnor``,
        ``ternary``, ``power_of_two``, ``codebook``, ``bitserial``, ``shiftadd``, ``systolic``.
        In all others what is cheapest.
    like : str or Path, optional
        Folder that `build` has written for a network of the same layers: everything is as there,
        and neither `cycles` nor `fill` nor `layers` nor `latency` choose.
    latency : int, optional
        Cycles from the first input to the last output of an image that are enough, as estimated
        for the first one; of the rates that are, the slowest is planned.

    Returns
    -------
    Plan
        Of all that are fast enough, one that takes as small a share as can be of the resource of
        which it takes the largest.

    Raises
    ------
    UserError
        If the device is too small: what is short, by how much, and what would do.

    Examples
    --------
    >>> import bittrue
    >>> plan = bittrue.plan(bittrue.load("small.bittrue"), "zynq7020")
    >>> plan.cycles <= bittrue.plan(plan.graph, "zynq7020", cycles=12).cycles <= 12
    True
    """
    chosen = Device(device) if isinstance(device, str) else device
    share = Fill(fill) if isinstance(fill, int) else Fill(*fill)
    check_shell(shell)
    if cycles is not None and cycles < 1:
        raise UserError(f"cycles is {cycles}; allowed: at least 1")
    check_ends(graph)
    budget = chosen.part.budget
    if like is not None:
        earlier = Earlier.read(Path(like))
        there = earlier.record["device"]["name"], earlier.record["shell"]
        if there != (chosen.name or "budget", shell):
            raise UserError(
                f"{like}: it is for {there[0]} with shell {there[1]}, asked for are {chosen.name} "
                f"and {shell}; allowed: the same"
            )
        circuits = plan_like(graph, earlier, budget.fabric)
        return Plan(graph, chosen, shell, circuits, earlier.folder)
    multipliers = {name: find_multiplier(kind) for name, kind in layers.items()}
    certified = certify(graph)

    def at(rate: int | None) -> planned.Plan:
        return plan_network(certified, budget, rate, share, shell, multipliers)

    circuits = at(cycles) if latency is None else plan_for_latency(at, latency, cycles, shell)
    return Plan(graph, chosen, shell, circuits)
