"""The digits network of 8, 4, 2, 1 and 8 bits, trained with its quantizers in place."""

from functools import partial
from pathlib import Path

from filelock import FileLock

from golden.digits.configuration import configuration_hash
from golden.digits.data import load
from golden.digits.files import require_directory
from golden.digits.mixed_network import MixedDigitsNetwork, mixed_scheme
from golden.digits.network import distorted
from golden.digits.settings import Training
from golden.graph import Graph
from golden.graph import file as graph_file
from golden.quantize import QuantizedNetwork, TrainingData, quantize


def train_mixed_digits(training: Training | None = None) -> QuantizedNetwork:
    """Train the network from scratch; the same on every run of a machine."""
    training = training or Training()
    data, _ = load()
    labelled = TrainingData((data.images, data.labels), partial(distorted, training=training))
    return quantize(MixedDigitsNetwork(), data.images, mixed_scheme(training), labelled)


def mixed_digits_graph(directory: Path, training: Training | None = None) -> Graph:
    """Return the network in integers from its file, training it when there is none.

    The file's name has a hash of everything that determines the network.

    Raises
    ------
    UserError
        If the directory cannot be written.
    """
    training = training or Training()
    path = directory / f"digits-mixed-{configuration_hash(training)[:16]}{graph_file.SUFFIX}"
    if not path.is_file():
        require_directory(directory)
        with FileLock(directory / ".lock"):  # Of several processes one trains.
            if not path.is_file():
                graph_file.save(train_mixed_digits(training).graph, path)
    return graph_file.load(path)
