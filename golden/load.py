"""Networks from files of any kind that can be read."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.errors import UserError
from golden.graph import Graph


@dataclass(frozen=True)
class _Kind:
    """How files of a suffix are read: a function of a path, and of a profile if it has any."""

    module: str
    function: str
    has_profiles: bool

    def load(self) -> Any:
        # Only when needed: the readers of other formats cost their imports.
        return getattr(importlib.import_module(self.module), self.function)


_KINDS = {
    ".bittrue": _Kind("golden.graph.file", "load", has_profiles=False),
    ".onnx": _Kind("golden.onnx_import", "import_onnx", has_profiles=True),
    ".tflite": _Kind("golden.tflite_import", "import_tflite", has_profiles=True),
}

SUFFIXES = tuple(_KINDS)
"""Suffixes of the files that can be read."""


def load_network(path: Path, profile: str | None = None) -> Graph:
    """Read a network as an integer graph.

    Parameters
    ----------
    path : Path
        Its suffix says which kind of file it is.
    profile : str, optional
        The reference whose arithmetic to take; by default the format's first. A graph that was
        saved has its own.

    Raises
    ------
    UserError
        Naming the file, what is wrong and what to do.
    """
    if path.suffix not in _KINDS:
        raise UserError(f"{path}: suffix is {path.suffix!r}; allowed: {', '.join(SUFFIXES)}")
    kind = _KINDS[path.suffix]
    if profile is None:
        return kind.load()(path)
    if kind.has_profiles:
        return kind.load()(path, profile)
    graph = kind.load()(path)
    if graph.profile != profile:
        raise UserError(
            f"{path}: it was saved with profile {graph.profile!r}, not {profile!r}; import the "
            "original again"
        )
    return graph
