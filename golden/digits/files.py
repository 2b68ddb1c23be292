"""The files of the quantized digits network."""

import json
from dataclasses import dataclass
from pathlib import Path

from bittrue.golden.digits.trained import WEIGHTS_FILE
from bittrue.golden.errors import ExecutionError
from bittrue.golden.executor.layer_trace import LayerTrace, load_traces
from bittrue.golden.graph import Graph
from bittrue.golden.graph.file import SUFFIX, load

GRAPH_FILE = f"digits{SUFFIX}"
TRACES_FILE = "layers.npz"
SUMMARY_FILE = "digits.json"
ARRAY_FILES = ("training.npy", "test.npy", "test-labels.npy")
"""Images (n, 1, 8, 8) of float32 to calibrate with, those to test with, and their classes."""


@dataclass(frozen=True)
class QuantizedDigits:
    """The int8 network, its accuracy, and what went through its layers for the test images.

    Parameters
    ----------
    directory : Path
        Where its files are.
    configuration : str
        Hash of everything that determines the network.
    float_accuracy, int8_accuracy : float
        Fractions of the test images.
    test_images : int
    """

    directory: Path
    configuration: str
    float_accuracy: float
    int8_accuracy: float
    test_images: int

    def graph(self) -> Graph:
        """Read the integer graph."""
        return load(self.directory / GRAPH_FILE)

    def layers(self) -> tuple[LayerTrace, ...]:
        """Read what went through each layer's requantizer."""
        return load_traces(self.directory / TRACES_FILE)


def read_summary(directory: Path) -> QuantizedDigits | None:
    """Return what a directory says it holds; None when it holds nothing intact."""
    try:
        fields = json.loads((directory / SUMMARY_FILE).read_bytes())
        digits = QuantizedDigits(directory, **fields)
    except (OSError, ValueError, TypeError):
        return None
    names = (GRAPH_FILE, TRACES_FILE, WEIGHTS_FILE, *ARRAY_FILES)
    complete = all((directory / name).is_file() for name in names)
    return digits if complete else None


def require_directory(directory: Path) -> None:
    """Make a directory.

    Raises
    ------
    ExecutionError
        Naming the path, if it cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExecutionError(f"{directory}: {error.strerror}; choose another folder") from None
