"""Networks from files of any kind that can be read."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.cut import Cut
from bittrue.golden.graph import Graph


@dataclass(frozen=True)
class _Kind:
    """How files of a suffix are read, and what a part leaves of them: two functions of a path."""

    module: str
    function: str
    cut: str
    has_profiles: bool = False

    def named(self, function: str) -> Any:
        # Only when needed: the readers of other formats cost their imports.
        return getattr(importlib.import_module(self.module), function)


_KINDS = {
    ".bittrue": _Kind("bittrue.golden.frontends.saved", "import_saved", "cut_saved"),
    ".onnx": _Kind("bittrue.golden.frontends.onnx", "import_onnx", "cut_onnx", has_profiles=True),
    ".tflite": _Kind(
        "bittrue.golden.frontends.tflite", "import_tflite", "cut_tflite", has_profiles=True
    ),
}

SUFFIXES = tuple(_KINDS)
"""Suffixes of the files that can be read."""


def load_network(
    path: Path,
    profile: str | None = None,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
) -> Graph:
    """Read a network as an integer graph.

    Parameters
    ----------
    path : Path
        Its suffix says which kind of file it is.
    profile : str, optional
        The reference whose arithmetic to take; by default the format's first. A graph that was
        saved has its own.
    inputs, outputs : tuple of str
        Tensors of the file where the network begins and ends, in place of those of the file.

    Raises
    ------
    UserError
        Naming the file, what is wrong and what to do.
    """
    kind = _kind(path)
    options: dict[str, Any] = {"inputs": inputs, "outputs": outputs}
    if profile is not None and kind.has_profiles:
        options["profile"] = profile
    graph: Graph = kind.named(kind.function)(path, **options)
    if profile is not None and graph.profile != profile:
        raise UserError(
            f"{path}: it was saved with profile {graph.profile!r}, not {profile!r}; import the "
            "original again"
        )
    return graph


def cut_of(path: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Cut | None:
    """Return what of a file `load_network` leaves out; None if no ends are named."""
    if not inputs and not outputs:
        return None
    kind = _kind(path)
    cut: Cut | None = kind.named(kind.cut)(path, inputs, outputs)
    return cut


def _kind(path: Path) -> _Kind:
    if path.suffix not in _KINDS:
        raise UserError(f"{path}: suffix is {path.suffix!r}; allowed: {', '.join(SUFFIXES)}")
    return _KINDS[path.suffix]
