"""What an output folder says about itself."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.flows.building.decisions import decisions_of
from bittrue.flows.planning.devices import Part
from bittrue.flows.planning.planned import Plan
from bittrue.golden.frontends.cut import Cut
from bittrue.golden.frontends.cut import describe as describe_cut
from bittrue.golden.graph import AccumulatingNode, Certified, Graph, Tensor
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.shell.register_map import describe

FORMAT = "bittrue accelerator"
VERSION = 1


def manifest(
    accelerator: Accelerator, device: str, part: Part, cut: Cut | None = None
) -> dict[str, Any]:
    """Return everything but the files.

    Parameters
    ----------
    accelerator : Accelerator
    device : str
        Its name.
    part : Part
        The device in its package.
    cut : Cut, optional
        What of the file the host computes.
    """
    plan, budget = accelerator.plan, part.budget
    graph = plan.spec.graph
    return {
        "format": FORMAT,
        "version": VERSION,
        "license": "Apache-2.0 AND LicenseRef-network",
        "generator": {"name": "bittrue", "version": version("bittrue")},
        "network": accelerator.name,
        "numeric_profile": graph.profile,
        "build": f"{accelerator.build:08x}",
        "top": accelerator.top,
        "shell": accelerator.shell,
        "clock": {"port": accelerator.clock, "edge": "rising", "mhz": accelerator.mhz},
        "reset": {
            "port": accelerator.reset,
            "active": "low" if accelerator.reset_active_low else "high",
            "synchronous": True,
        },
        **_ends("input", accelerator.inputs, graph),
        **_ends("output", accelerator.outputs, graph),
        **_states(graph),
        **({} if cut is None else {"host": describe_cut(cut)}),
        "ports": _ports(accelerator),
        "estimated_latency": accelerator.estimated_latency,
        "initiation_interval": plan.cycles,
        "device": {
            "name": device,
            "summary": budget.summary,
            "package": part.package,
            "speed": part.speed,
            "luts": budget.luts,
            "multipliers": budget.multipliers,
            "block_rams": budget.block_rams,
        },
        "estimated_resources": {
            "luts": plan.resources.luts,
            "multipliers": plan.resources.multipliers,
            "block_rams": plan.resources.block_rams,
        },
        "multiplications": plan.products,
        "multipliers_instantiated": plan.multipliers,
        "layers": _layers(plan),
        "decisions": decisions_of(plan),
        "registers": describe(accelerator.registers),
    }


def describe_files(folder: Path) -> dict[str, dict[str, object]]:
    """Return size and SHA-256 of every file in a folder, by its path."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        files[path.relative_to(folder).as_posix()] = {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    return files


def _ends(name: str, ends: Sequence[End], graph: Graph) -> dict[str, Any]:
    """Return one end by its name, several as a list by the plural."""
    if len(ends) == 1:
        return {name: _end(ends[0], graph)}
    return {f"{name}s": [_end(end, graph) for end in ends]}


def _states(graph: Graph) -> dict[str, Any]:
    """Return what is kept between images, which are calls then; nothing where nothing is."""
    if not graph.states:
        return {}
    return {
        "states": [
            {"state": state.name, **_tensor(state.tensor, graph), "initial": state.initial.tolist()}
            for state in graph.states
        ]
    }


def _end(end: End, graph: Graph) -> dict[str, Any]:
    return {
        **_tensor(end.tensor, graph),
        "stream": end.prefix,
        "data_port": end.port,
        "lanes": end.lanes,
        "bits_per_lane": end.lane_bits,
        "beats_per_image": end.beats,
        "order": "row-major, channels last; the first code of a beat is lowest",
    }


def _tensor(tensor: Tensor, graph: Graph) -> dict[str, Any]:
    record: dict[str, Any] = {
        "tensor": tensor.name,
        "shape": list(tensor.shape),
        "type": str(tensor.type),
        "minimum": tensor.minimum,
        "maximum": tensor.maximum,
    }
    quantization = graph.quantization.get(tensor.name)
    if quantization is not None:
        record["scale"] = str(quantization.scale)
        record["zero_point"] = quantization.encoding.zero_point
        record["bipolar"] = quantization.encoding.bipolar
    return record


def _ports(accelerator: Accelerator) -> list[dict[str, object]]:
    return [
        {"name": port.name, "direction": port.direction, "width": port.width}
        for port in accelerator.ports
    ]


def _layers(plan: Plan) -> list[dict[str, Any]]:
    graph = plan.spec.graph
    layers = []
    for layer in plan.layers:
        node = graph.producer(layer.name)
        requantization = node.requantization if isinstance(node, AccumulatingNode) else None
        record: dict[str, Any] = {
            "tensor": layer.name,
            "operator": layer.operator,
            "output_lanes": plan.spec.lanes_of(layer.name),
            "multiplications": layer.products,
            "cycles": layer.cycles,
            "multipliers_instantiated": layer.multipliers,
            "utilisation": round(layer.utilisation(plan.cycles), 4),
            "estimated_resources": {
                "luts": layer.resources.luts,
                "multipliers": layer.resources.multipliers,
                "block_rams": layer.resources.block_rams,
            },
        }
        if layer.folding is not None:
            record["folding"] = {
                "rows": layer.folding.rows,
                "elements": layer.folding.elements,
                "outputs": layer.folding.outputs,
                "multiplier": layer.folding.multiplier.name,
                "weights": _memory(layer.folding.weights),
                "window": _memory(layer.folding.window),
            }
        if requantization is not None:
            certified = isinstance(requantization, Certified)
            record["requantizer"] = "certified" if certified else "fixed point"
        layers.append(record)
    return layers


def _memory(memory: Memory | None) -> str:
    """Return the name of what a memory is made of."""
    return "by size" if memory is None else memory.value
