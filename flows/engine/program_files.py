"""Programs as files: the image as memory holds it, and beside it what a host has to know."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bittrue.flows.arguments.value_record import value_record
from bittrue.flows.engine.compile import Compiled
from bittrue.flows.engine.ends import End
from bittrue.flows.engine.program_header import program_header
from bittrue.golden.engine.program import VERSION
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together
from bittrue.golden.graph import Graph

FORMAT = "bittrue program"
SUFFIX = ".bin"


def description_of(image: Path) -> Path:
    """Return the file that describes an image, beside it.

    Raises
    ------
    UserError
        If the image has another suffix than images have.
    """
    if image.suffix != SUFFIX:
        raise UserError(f"{image}: suffix is {image.suffix!r}; allowed: {SUFFIX}")
    return image.with_suffix(".json")


def write_program(image: Path, compiled: Compiled, graph: Graph, network: str) -> None:
    """Write a program's three files, all or none.

    Parameters
    ----------
    image : Path
        With suffix ``.bin``; beside it are the description, with suffix ``.json``, and the same for
        the driver in C, with suffix ``.h``.
    compiled : Compiled
    graph : Graph
        What was compiled.
    network : str
        Its name.

    Raises
    ------
    UserError
        If the suffix is another one.
    ExecutionError
        If a file cannot be written.
    """
    needs = compiled.program.needs._asdict()
    document = {
        "format": FORMAT,
        "version": VERSION,
        "generator": {"name": "bittrue", "version": version("bittrue")},
        "network": network,
        "numeric_profile": graph.profile,
        "engine": compiled.engine.document(),
        "image": {
            "file": image.name,
            "bytes": len(compiled.image),
            "sha256": hashlib.sha256(compiled.image).hexdigest(),
        },
        "data_bytes": needs.pop("data_bytes"),
        "needs": needs,
        "inputs": [_record(graph, end) for end in compiled.inputs],
        "outputs": [_record(graph, end) for end in compiled.outputs],
        "prediction": compiled.report.record(),
    }
    text = json.dumps(document, indent=1) + "\n"
    header = program_header(image.stem, document)
    described = description_of(image)
    write_together(
        [
            (image, compiled.image),
            (described, text.encode()),
            (described.with_suffix(".h"), header.encode()),
        ]
    )


def _record(graph: Graph, end: End) -> dict[str, Any]:
    return {**end.record(), "values": value_record(graph, end.name)}
