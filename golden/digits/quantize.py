"""Trains the digits network, quantizes it to int8 and writes its files."""

import dataclasses
import json
from pathlib import Path

import torch

from golden.atomic_file import write_atomically
from golden.digits.data import load
from golden.digits.files import GRAPH_FILE, SUMMARY_FILE, TRACES_FILE, QuantizedDigits
from golden.digits.network import accuracy, train
from golden.digits.settings import DigitsSettings
from golden.execute import Executor
from golden.graph.file import save
from golden.layer_trace import save_traces
from golden.quantize import Scheme, quantize
from golden.record_layers import record_layers
from golden.torch_import import to_codes


def write_digits(directory: Path, settings: DigitsSettings, configuration: str) -> QuantizedDigits:
    """Train, quantize, run the test images and write graph, layer traces and summary.

    Each file is written whole or not at all. The summary names the configuration and is removed
    first and written last, so that an interrupted run leaves nothing that looks finished.
    """
    training_data, test_data = load()
    network = train(training_data, settings.training)
    scheme = Scheme(requantization=settings.rounding.value)
    graph = quantize(network, training_data.images, scheme).graph
    codes = to_codes(graph, test_data.images)
    (output,) = graph.outputs
    with torch.no_grad():
        float_scores = network(test_data.images)
    int8_scores = torch.from_numpy(Executor(graph).run(codes)[output])
    digits = QuantizedDigits(
        directory,
        configuration,
        float_accuracy=accuracy(float_scores, test_data.labels),
        int8_accuracy=accuracy(int8_scores, test_data.labels),
        test_images=len(test_data.labels),
    )
    (directory / SUMMARY_FILE).unlink(missing_ok=True)
    save(graph, directory / GRAPH_FILE)
    save_traces(record_layers(graph, codes), directory / TRACES_FILE)
    summary = dataclasses.asdict(digits)
    del summary["directory"]
    write_atomically(directory / SUMMARY_FILE, (json.dumps(summary, indent=1) + "\n").encode())
    return digits
