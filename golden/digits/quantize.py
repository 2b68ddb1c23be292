"""Quantizes the digits network to int8 and writes its files."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as save_weights
from torch import Tensor

from bittrue.golden.digits.data import load
from bittrue.golden.digits.files import (
    ARRAY_FILES,
    GRAPH_FILE,
    SUMMARY_FILE,
    TRACES_FILE,
    QuantizedDigits,
)
from bittrue.golden.digits.network import accuracy, train, trained_network
from bittrue.golden.digits.settings import DigitsSettings
from bittrue.golden.digits.trained import WEIGHTS_FILE
from bittrue.golden.executor.execute import Executor
from bittrue.golden.executor.layer_trace import save_traces
from bittrue.golden.executor.record_layers import record_layers
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.graph.file import save
from bittrue.golden.quantize import Scheme, quantize


def write_digits(directory: Path, settings: DigitsSettings, configuration: str) -> QuantizedDigits:
    """Quantize, run the test images and write graph, layer traces, data and summary.

    Each file is written whole or not at all. The summary names the configuration and is removed
    first and written last, so that an interrupted run leaves nothing that looks finished.
    """
    training_data, test_data = load()
    network = (
        trained_network() if settings.training is None else train(training_data, settings.training)
    )
    scheme = Scheme(requantization=settings.rounding.value, calibration="float64")
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
    write_atomically(directory / WEIGHTS_FILE, save_weights(network.state_dict()))
    arrays = (training_data.images, test_data.images, test_data.labels)
    for name, values in zip(ARRAY_FILES, arrays, strict=True):
        write_atomically(directory / name, _npy(values))
    summary = dataclasses.asdict(digits)
    del summary["directory"]
    write_atomically(directory / SUMMARY_FILE, (json.dumps(summary, indent=1) + "\n").encode())
    return digits


def _npy(values: Tensor) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values.numpy(), allow_pickle=False)
    return stream.getvalue()
