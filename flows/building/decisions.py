"""What was decided for an accelerator, and the same for a network with other weights.

The manifest keeps it, so that a network of the same layers gets the same folding, lanes, FIFOs and
ports; where its numbers need no more bits either, its Verilog is the same text, and ROM files alone
differ.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bittrue.flows.planning.plan import circuit_graph
from bittrue.flows.planning.planned import Plan, PlannedLayer
from bittrue.flows.planning.resources import Resources
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Certified, Graph
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.multipliers.catalogue import find_multiplier
from bittrue.hdl.network.spec import NetworkSpec, describe

_FORMAT = "bittrue accelerator"


@dataclass(frozen=True)
class Earlier:
    """An accelerator that exists, as its folder describes it.

    Parameters
    ----------
    folder : Path
    record : mapping
        Its manifest.
    verilog : str
        Its Verilog.
    """

    folder: Path
    record: Mapping[str, Any]
    verilog: str

    @classmethod
    def read(cls, folder: Path) -> "Earlier":
        """Read the manifest of a folder.

        Raises
        ------
        UserError
            If there is none, or none that says what was decided.
        """
        try:
            record = json.loads((folder / "manifest.json").read_text())
            if record["format"] == _FORMAT and isinstance(record["decisions"], dict):
                verilog = (folder / "verilog" / f"{record['top']}.v").read_text()
                return cls(folder, record, verilog)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise UserError(
            f"{folder}: it holds no accelerator that says how it was planned; allowed: a folder "
            "that bittrue build has written, of this version"
        )

    @property
    def name(self) -> str:
        """Of the network."""
        return str(self.record["network"])

    @property
    def build(self) -> int:
        """What its register ``build`` reads as."""
        return int(self.record["build"], 16)


def decisions_of(plan: Plan) -> dict[str, Any]:
    """Return everything that was decided, for the manifest."""
    spec = plan.spec
    around = plan.surroundings
    return {
        "tensors": _tensors(spec.graph),
        "lanes": dict(spec.lanes),
        "foldings": {name: _folding_record(each) for name, each in spec.foldings.items()},
        "fifos": {name: memory.value for name, memory in spec.memories.items()},
        "call_interval": spec.call_interval,
        "surroundings": [around.luts, around.multipliers, around.block_rams],
        "widths": {name: _widths(layer) for name, layer in spec.layers.items()},
    }


def plan_like(graph: Graph, earlier: Earlier, fabric: Fabric) -> Plan:
    """Return the plan of an accelerator for a network of the same layers.

    Parameters
    ----------
    graph : Graph
        Without certificates: they are sought for the shifts of the earlier ones.
    earlier : Earlier
    fabric : Fabric
        Of the device's family.

    Raises
    ------
    UserError
        Naming the first layer that is another.
    """
    given = earlier.record["decisions"]
    names = _same_layers(circuit_graph(graph), given["tensors"], earlier.folder)
    shifts = {
        names[name]: int(each["shifts"])
        for name, each in given["widths"].items()
        if "shifts" in each
    }
    spread = circuit_graph(certify(graph, shifts))
    foldings = {names[name]: _folding(each) for name, each in given["foldings"].items()}
    widths = {names[name]: each for name, each in given["widths"].items()}
    spec = NetworkSpec(
        spread,
        foldings,
        {names[name]: lanes for name, lanes in given["lanes"].items()},
        memories={name: Memory(each) for name, each in given["fifos"].items()},
        call_interval=given["call_interval"],
        accumulators={
            name: IntegerType.parse(each["accumulators"])
            for name, each in widths.items()
            if name in foldings
        },
    )
    layers = tuple(_planned(name, layer, fabric) for name, layer in spec.layers.items())
    return Plan(spec, layers, Resources(*given["surroundings"]))


def is_same_circuit(verilog: str, earlier: Earlier) -> bool:
    """Return whether Verilog is that of an accelerator that exists, but for its comments.

    These say what thresholds and bounds the weights have that it was first built for.
    """
    return _code(verilog) == _code(earlier.verilog)


def what_changed(plan: Plan, verilog: str, earlier: Earlier) -> str:
    """Return in one line what differs from an accelerator that exists, and why."""
    if verilog == earlier.verilog:
        return f"the Verilog is that of {earlier.folder}, byte by byte: ROM files alone changed"
    spec, given = plan.spec, earlier.record["decisions"]
    names = _same_layers(spec.graph, given["tensors"], earlier.folder)
    for name, widths in given["widths"].items():
        layer = spec.layers[names[name]]
        for what, now in _widths(layer).items():
            if now != widths.get(what):
                where = describe(spec.graph, layer.node)
                return (
                    f"the Verilog is another than that of {earlier.folder}, with the same folding "
                    f"and ports: in {where}, {what} are {now}, there they are {widths.get(what)}"
                )
    # The register `build` differs, too, which says nothing.
    before, after = _modules(earlier.verilog), _modules(verilog)
    changed = [name for name in after if after[name] != before.get(name)]
    layers = [name for name in changed if "__layer_" in name or "__core__" in name] or changed
    return (
        f"the Verilog is another than that of {earlier.folder}, with the same folding and ports: "
        f"constants of requantizers or biases take other bits in {', '.join(layers[:3])}"
    )


def _tensors(graph: Graph) -> list[list[Any]]:
    """Return what layers make, one after the other: operator, name, shape and type."""
    ends = [*graph.inputs, *(state.tensor for state in graph.states)]
    rows = [["input", tensor.name, list(tensor.shape), str(tensor.type)] for tensor in ends]
    for node in graph.nodes:
        tensor = graph.tensors[node.output]
        rows.append([node.title, tensor.name, list(tensor.shape), str(tensor.type)])
    return rows


def _same_layers(graph: Graph, tensors: list[list[Any]], folder: Path) -> dict[str, str]:
    """Return the names of a network's tensors by those of an accelerator that exists."""
    mine = _tensors(graph)
    for place, (now, before) in enumerate(zip(mine, tensors, strict=False)):
        if (now[0], *now[2:]) != (before[0], *before[2:]):
            raise UserError(
                f"{folder}: tensor {place} there is {before[1]!r}, {before[0]} of {before[3]} "
                f"{tuple(before[2])}; here it is {now[1]!r}, {now[0]} of {now[3]} "
                f"{tuple(now[2])}; allowed: a network of the same layers"
            )
    if len(mine) != len(tensors):
        raise UserError(
            f"{folder}: it has {len(tensors)} tensors, the network {len(mine)}; allowed: a network "
            "of the same layers"
        )
    return {before[1]: now[1] for now, before in zip(mine, tensors, strict=True)}


def _widths(layer: LayerSpec) -> dict[str, str]:
    """Return how many bits the numbers of a layer have, as far as weights decide them."""
    found = {}
    if isinstance(layer, MatrixLayerSpec):
        found["accumulators"] = str(layer.accumulator)
        found["weights"] = str(layer.matrix.weight_type)
    if isinstance(layer.requantization, Certified):
        certificate = layer.requantization.certificate
        found["shifts"] = str(certificate.shift)
        found["multipliers"] = f"of {certificate.multiplier_width} bits"
        found["saturated accumulators"] = str(certificate.saturated_accumulator)
        found["exceptions"] = str(len(certificate.exception))
    return found


def _folding_record(folding: Folding) -> dict[str, Any]:
    memories = {"weights": folding.weights, "window": folding.window}
    memories["constants"] = folding.constants
    return {
        "rows": folding.rows,
        "elements": folding.elements,
        "outputs": folding.outputs,
        "multiplier": folding.multiplier.name,
        "scales_in_logic": folding.scales_in_logic,
        **{name: None if each is None else each.value for name, each in memories.items()},
    }


def _folding(record: Mapping[str, Any]) -> Folding:
    named = ("weights", "window", "constants")
    memories = {name: record[name] and Memory(record[name]) for name in named}
    return Folding(
        record["rows"],
        record["elements"],
        record["outputs"],
        find_multiplier(record["multiplier"]),
        scales_in_logic=record["scales_in_logic"],
        **memories,
    )


def _planned(name: str, layer: LayerSpec, fabric: Fabric) -> PlannedLayer:
    folded = layer if isinstance(layer, MatrixLayerSpec) else None
    products = layer.output.elements * layer.node.products(*layer.tensors)
    return PlannedLayer(
        name,
        layer.node.operator(),
        folded.geometry.products if folded else products,
        folded.folding if folded else None,
        folded.multipliers if folded else layer.products_at_once,
        folded.passes if folded else 1,
        layer.cycles_per_image(),
        Resources.of(layer.costs(fabric)),
    )


def _code(verilog: str) -> str:
    """Return Verilog without the lines that are comments."""
    return re.sub(r"^ *//.*\n", "", verilog, flags=re.MULTILINE)


def _modules(verilog: str) -> dict[str, str]:
    """Return the code of each module of a file, by its name."""
    parts = re.split(r"^module (\w+)", _code(verilog), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
