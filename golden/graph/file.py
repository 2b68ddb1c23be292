"""The graph's file: a zip archive with one JSON document and the arrays as .npy.

`docs/graph.md` describes it for other programs. Reading runs no code from the file, makes no array
larger than the bytes that are there, and ends in a `Graph`, which checks everything again.
"""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.files.bounded_file import MAXIMUM_BYTES
from bittrue.golden.graph import record
from bittrue.golden.graph.graph import Graph
from bittrue.golden.graph.node import Node
from bittrue.golden.graph.state import State
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Quantization

SUFFIX = ".bittrue"
FORMAT = "bittrue graph"
VERSION = 5
"""Raised by whatever changes what a file may hold; `_MIGRATIONS` read all that came before."""

_DOCUMENT = "graph.json"
_MEMBERS = (
    "format",
    "version",
    "profile",
    "inputs",
    "nodes",
    "outputs",
    "quantization",
    "layouts",
    "states",
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # A fixed date makes equal graphs equal files.


def save(graph: Graph, path: Path) -> None:
    """Write a graph to a file; equal graphs give equal bytes.

    Raises
    ------
    ExecutionError
        If the file cannot be written.
    """
    write_atomically(path, dumps(graph))


def load(path: Path) -> Graph:
    """Read a graph from a file.

    Raises
    ------
    UserError
        Naming the file and what is wrong, for any content.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    try:
        return loads(content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def dumps(graph: Graph) -> bytes:
    """Return the content of a graph's file."""
    arrays = record.ArrayWriter()
    document = {
        "format": FORMAT,
        "version": VERSION,
        "profile": graph.profile,
        "inputs": record.encode(graph.inputs, tuple[Tensor, ...], arrays),
        "nodes": record.encode(graph.nodes, tuple[Node, ...], arrays),
        "outputs": list(graph.outputs),
        "quantization": {
            name: record.encode(quantization, Quantization, arrays)
            for name, quantization in graph.quantization.items()
        },
        "layouts": {name: list(layout) for name, layout in graph.layouts.items()},
        "states": record.encode(graph.states, tuple[State, ...], arrays),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(document, indent=1, ensure_ascii=False)
        archive.writestr(_entry(_DOCUMENT), text.encode())
        for number, array in enumerate(arrays.arrays):
            archive.writestr(_entry(_array_name(number)), _npy(array))
    return content.getvalue()


def loads(content: bytes) -> Graph:
    """Return the graph in the content of a file.

    Raises
    ------
    UserError
        Saying what is wrong, for any content.
    """
    entries = _unpack(content)
    document = _migrated(_parse(entries.pop(_DOCUMENT, b"")))
    arrays = record.ArrayReader(
        {name: _read_npy(name, entry) for name, entry in entries.items()}, _array_name
    )
    fields = record.require_object(document, "the document", _MEMBERS)
    for member in ("quantization", "layouts"):
        if not isinstance(fields[member], dict):
            raise UserError(f"{member} is no object of tensor names")
    return Graph(
        inputs=record.decode(fields["inputs"], tuple[Tensor, ...], "inputs", arrays),
        nodes=record.decode(fields["nodes"], tuple[Node, ...], "nodes", arrays),
        outputs=record.decode(fields["outputs"], tuple[str, ...], "outputs", arrays),
        quantization={
            name: record.decode(value, Quantization, f"quantization of {name!r}", arrays)
            for name, value in fields["quantization"].items()
        },
        layouts={
            name: record.decode(value, tuple[int, ...], f"layout of {name!r}", arrays)
            for name, value in fields["layouts"].items()
        },
        states=record.decode(fields["states"], tuple[State, ...], "states", arrays),
        profile=record.decode(fields["profile"], str, "profile", arrays),
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _array_name(number: int) -> str:
    return f"arrays/{number}.npy"


def _unpack(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > MAXIMUM_BYTES:
                raise UserError(f"it unpacks to {size} bytes; allowed: {MAXIMUM_BYTES}")
            return {entry.filename: archive.read(entry) for entry in entries}
    except UserError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds for corrupt archives.
        raise UserError(f"it is no intact {SUFFIX} archive ({error})") from None


def _parse(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{_DOCUMENT} is missing or no JSON ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UserError(f"{_DOCUMENT} does not say format: {FORMAT!r}")
    return document


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document of an earlier version would be in this one."""
    version = document.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        later = type(version) is int and version > VERSION
        advice = "a later bittrue wrote it, which reads it" if later else "no bittrue wrote it"
        raise UserError(
            f"format version is {version!r}; this program reads 1 to {VERSION}: {advice}"
        )
    for earlier in range(version, VERSION):
        document = _MIGRATIONS[earlier](document)
    return document


def _from_version_1(document: dict[str, Any]) -> dict[str, Any]:
    """At first there were no layouts: every tensor was ordered as in its model."""
    return {"layouts": {}} | document


def _with_fewer_kinds(document: dict[str, Any]) -> dict[str, Any]:
    """There were fewer kinds of nodes; those there were are as they were."""
    return document


def _from_version_3(document: dict[str, Any]) -> dict[str, Any]:
    """There were no states: no call knew of the one before."""
    return document | {"states": []}


_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_version_1,
    2: _with_fewer_kinds,
    3: _from_version_3,
    4: _with_fewer_kinds,
}
"""What turns a document of a version into one of the next."""


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    little_endian = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    np.lib.format.write_array(stream, little_endian, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _read_npy(name: str, content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("version is not 1.0")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:  # The header's parser raises whatever its text makes it raise.
        raise UserError(f"{name} is no .npy file ({error})") from None
    elements = content[stream.tell() :]
    if dtype.kind not in "iu" or fortran_order or dtype.byteorder == ">":
        raise UserError(f"{name} holds {dtype}; allowed: little-endian integers in C order")
    array = np.frombuffer(elements[: len(elements) // dtype.itemsize * dtype.itemsize], dtype)
    count = 1
    for size in shape:
        count *= size
    if count * dtype.itemsize != len(elements) or min(shape, default=0) < 0:
        raise UserError(f"{name} has shape {shape}, which its {len(elements)} bytes do not fill")
    return array.reshape(shape)
