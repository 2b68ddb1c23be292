"""A failing network as a file, and what its circuit is made from as another beside it."""

import json
from pathlib import Path
from typing import Any

from bittrue.flows.fuzzing.comparison import Circuit
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.files.bounded_file import MAXIMUM_BYTES
from bittrue.golden.graph import Graph, file
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.multipliers.catalogue import find_multiplier
from bittrue.hdl.network.spec import NetworkSpec

_MEMORIES = ("weights", "window", "constants")


def write_failure(path: Path, graph: Graph, said: str, circuit: Circuit | None = None) -> None:
    """Write a graph, and beside it what is wrong and what its circuit is made from.

    Parameters
    ----------
    path : Path
        Of the graph; the other file has the suffix ``.json``.
    graph : Graph
    said : str
    circuit : Circuit, optional
        Of a failure in a simulator.
    """
    file.save(graph, path)
    content = {"said": said, "circuit": None if circuit is None else _written(circuit)}
    write_atomically(path.with_suffix(".json"), f"{json.dumps(content, indent=1)}\n".encode())


def read_failure(path: Path) -> tuple[Graph, Circuit | None]:
    """Read what `write_failure` has written; None for a failure in golden.

    Raises
    ------
    UserError
        If the files are none of these.
    """
    graph = file.load(path)
    beside = path.with_suffix(".json")
    try:
        if beside.stat().st_size > MAXIMUM_BYTES:
            raise ValueError("it is too large")
        circuit = json.loads(beside.read_text())["circuit"]
        return graph, None if circuit is None else _read(circuit, graph)
    except UserError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{beside}: it does not say how the network fails ({error})") from None


def _written(circuit: Circuit) -> dict[str, Any]:
    spec = circuit.spec
    return {
        "seed": circuit.seed,
        "stall": list(circuit.stall),
        "lanes": dict(spec.lanes),
        "memories": {name: memory.value for name, memory in spec.memories.items()},
        "foldings": {
            name: {
                "rows": folding.rows,
                "elements": folding.elements,
                "outputs": folding.outputs,
                "multiplier": folding.multiplier.name,
                "scales_in_logic": folding.scales_in_logic,
            }
            | {
                each: memory.value
                for each in _MEMORIES
                if (memory := getattr(folding, each)) is not None
            }
            for name, folding in spec.foldings.items()
        },
    }


def _read(content: dict[str, Any], graph: Graph) -> Circuit:
    foldings = {}
    for name, each in content["foldings"].items():
        kept = {key: Memory(each[key]) for key in _MEMORIES if key in each}
        foldings[name] = Folding(
            int(each["rows"]),
            int(each["elements"]),
            int(each["outputs"]),
            find_multiplier(each["multiplier"]),
            kept.get("weights"),
            kept.get("window"),
            kept.get("constants"),
            bool(each["scales_in_logic"]),
        )
    lanes = {name: int(each) for name, each in content["lanes"].items()}
    memories = {name: Memory(each) for name, each in content["memories"].items()}
    stall_in, stall_out = (int(each) for each in content["stall"])
    spec = NetworkSpec(graph, foldings, lanes, memories=memories)
    return Circuit(spec, (stall_in, stall_out), int(content["seed"]))
