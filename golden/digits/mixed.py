"""The digits network of 8, 4, 2, 1 and 8 bits, trained with its quantizers in place."""

from functools import partial

from bittrue.golden.digits.data import load
from bittrue.golden.digits.mixed_network import MixedDigitsNetwork, mixed_scheme
from bittrue.golden.digits.network import distorted
from bittrue.golden.digits.settings import Training
from bittrue.golden.digits.trained import MIXED_FILE, trained_file
from bittrue.golden.graph import Graph
from bittrue.golden.graph import file as graph_file
from bittrue.golden.quantize import QuantizedNetwork, TrainingData, quantize


def train_mixed_digits(training: Training | None = None) -> QuantizedNetwork:
    """Train the network from scratch; the same on every run of a machine."""
    training = training or Training()
    data, _ = load()
    labelled = TrainingData((data.images, data.labels), partial(distorted, training=training))
    return quantize(MixedDigitsNetwork(), data.images, mixed_scheme(training), labelled)


def mixed_digits_graph() -> Graph:
    """Return the network in integers, as training gave it once."""
    return graph_file.load(trained_file(MIXED_FILE))
