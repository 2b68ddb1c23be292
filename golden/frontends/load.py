"""Networks from files of any kind that can be read."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph


@dataclass(frozen=True)
class _Kind:
    """How files of a suffix are read: a function of a path, and of what else it takes."""

    module: str
    function: str
    has_profiles: bool = False
    has_ends: bool = False
    has_input_types: bool = False

    def load(self) -> Any:
        # Only when needed: the readers of other formats cost their imports.
        return getattr(importlib.import_module(self.module), self.function)


_KINDS = {
    ".bittrue": _Kind("bittrue.golden.graph.file", "load"),
    ".onnx": _Kind(
        "bittrue.golden.frontends.onnx",
        "import_onnx",
        has_profiles=True,
        has_ends=True,
        has_input_types=True,
    ),
    ".tflite": _Kind(
        "bittrue.golden.frontends.tflite", "import_tflite", has_profiles=True, has_ends=True
    ),
}

SUFFIXES = tuple(_KINDS)
"""Suffixes of the files that can be read."""


def load_network(
    path: Path,
    profile: str | None = None,
    end_at: tuple[str, ...] = (),
    input_types: tuple[str, ...] = (),
) -> Graph:
    """Read a network as an integer graph.

    Parameters
    ----------
    path : Path
        Its suffix says which kind of file it is.
    profile : str, optional
        The reference whose arithmetic to take; by default the format's first. A graph that was
        saved has its own.
    end_at : tuple of str
        Tensors of the file to end the network at, in place of its outputs.
    input_types : tuple of str
        Codes that stand for the numbers of inputs that the file does not quantize.

    Raises
    ------
    UserError
        Naming the file, what is wrong and what to do.
    """
    if path.suffix not in _KINDS:
        raise UserError(f"{path}: suffix is {path.suffix!r}; allowed: {', '.join(SUFFIXES)}")
    kind = _KINDS[path.suffix]
    options: dict[str, Any] = {}
    if profile is not None and kind.has_profiles:
        options["profile"] = profile
    if end_at:
        if not kind.has_ends:
            ends = ", ".join(suffix for suffix, each in _KINDS.items() if each.has_ends)
            raise UserError(f"{path}: only networks in {ends} files can be ended at a tensor")
        options["end_at"] = end_at
    if input_types:
        if not kind.has_input_types:
            raise UserError(f"{path}: only inputs of .onnx files can be given types")
        options["input_types"] = input_types
    graph = kind.load()(path, **options)
    if profile is not None and graph.profile != profile:
        raise UserError(
            f"{path}: it was saved with profile {graph.profile!r}, not {profile!r}; import the "
            "original again"
        )
    return graph
