"""Programs as files: the image as memory holds it, and beside it what a host has to know."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from bittrue.flows.engine.compile import Compiled
from bittrue.golden.engine.program import VERSION
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together

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


def write_program(image: Path, compiled: Compiled, network: str, profile: str) -> None:
    """Write a program's two files, both or none.

    Parameters
    ----------
    image : Path
        With suffix ``.bin``; the description is beside it, with suffix ``.json``.
    compiled : Compiled
    network, profile : str
        Names of the network and of the reference whose arithmetic it has.

    Raises
    ------
    UserError
        If the suffix is another one.
    ExecutionError
        If a file cannot be written.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "generator": {"name": "bittrue", "version": version("bittrue")},
        "network": network,
        "numeric_profile": profile,
        "engine": compiled.engine.document(),
        "image": {
            "file": image.name,
            "bytes": len(compiled.image),
            "sha256": hashlib.sha256(compiled.image).hexdigest(),
        },
        "data_bytes": compiled.program.needs.data_bytes,
        "inputs": [end.record() for end in compiled.inputs],
        "outputs": [end.record() for end in compiled.outputs],
        "prediction": compiled.report.record(),
    }
    text = json.dumps(document, indent=1) + "\n"
    write_together([(image, compiled.image), (description_of(image), text.encode())])
