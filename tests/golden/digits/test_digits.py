"""The digits network: accuracy, files, and its int8 layers against LiteRT on the real images."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

import bittrue.golden
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.digits import DigitsSettings, Training, quantized_digits
from bittrue.golden.digits.configuration import SOURCES, source_files
from bittrue.golden.digits.data import Split, load
from bittrue.golden.digits.network import DigitsNetwork, accuracy, train, trained_network
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.executor.layer_trace import LayerTrace, load_traces, save_traces
from bittrue.golden.executor.record_layers import record_layers
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.graph import Graph
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.numbers.float_requant import (
    requantize_float32_half_even,
    requantize_float64_half_away,
)
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.quantize import Scheme, quantize
from bittrue.golden.units.requant import requantize
from tests.support.digits import QUICK
from tests.support.graph_to_tflite import graph_to_tflite
from tests.support.litert import Kernels, run_litert
from tests.support.tflite_comparison import Codes

Quantized = Callable[[Rounding], Graph]

SPLITS = get_args(Split)


@pytest.fixture(scope="module")
def network() -> DigitsNetwork:
    return trained_network()


@pytest.fixture(scope="module")
def quantized(network: DigitsNetwork) -> Quantized:
    images = load()[0].images
    return cache(
        lambda rounding: quantize(network, images, Scheme(requantization=rounding.value)).graph
    )


def run_on_litert(graph: Graph, kernels: Kernels) -> tuple[Codes, Codes]:
    """Return every tensor over the test images, by the executor and by LiteRT."""
    codes = to_codes(graph, load()[1].images)
    names = [node.output for node in graph.nodes]
    ours = Executor(graph).run(codes, keep=names)
    (source,) = graph.inputs
    inputs = codes[source.name].astype(np.int8)
    theirs = run_litert(graph_to_tflite(graph), [inputs], kernels)
    return ours, dict(zip(names, theirs, strict=True))


def test_data_is_split_in_file_order() -> None:
    train_data, test_data = load()
    assert train_data.images.shape == (1437, 1, 8, 8)
    assert test_data.images.shape == (360, 1, 8, 8)
    assert (float(test_data.images.min()), float(test_data.images.max())) == (0.0, 1.0)
    assert np.bincount(test_data.labels.numpy()).min() >= 30


def test_a_random_split_has_the_same_images_in_another_order() -> None:
    file_order, random = (torch.cat([part.images for part in load(s)]) for s in SPLITS)
    labels = [torch.cat([part.labels for part in load(s)]) for s in SPLITS]
    assert not torch.equal(file_order, random)
    assert torch.equal(labels[0].bincount(), labels[1].bincount())
    keys = [
        sorted(map(bytes, (16 * each).to(torch.uint8).flatten(1).numpy()))
        for each in (file_order, random)
    ]
    assert keys[0] == keys[1]
    assert torch.equal(load("random")[1].images, load("random")[1].images)


def test_int8_loses_little_accuracy(network: DigitsNetwork, quantized: Quantized) -> None:
    data = load()[1]
    graph = quantized(Rounding.TFLITE_DOUBLE)
    scores = Executor(graph).run(to_codes(graph, data.images))[graph.outputs[0]]
    with torch.no_grad():
        float_accuracy = accuracy(network(data.images), data.labels)
    assert float_accuracy > 0.97
    assert accuracy(torch.from_numpy(scores), data.labels) > float_accuracy - 0.01


def test_training_is_repeatable_and_leaves_torch_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    first, second = (train(load()[0], Training(epochs=1)) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    for name, values in first.state_dict().items():
        assert torch.equal(values, second.state_dict()[name])
    other = train(load()[0], Training(epochs=1, seed=2))
    assert not torch.equal(other.dense.weight, first.dense.weight)


def test_every_layer_equals_the_optimized_kernels(quantized: Quantized) -> None:
    ours, theirs = run_on_litert(quantized(Rounding.RUY), Kernels.OPTIMIZED)
    assert set(ours) == {"conv1", "conv2", "flatten", "dense"}
    for name, codes in ours.items():
        assert np.array_equal(codes, theirs[name]), name


def test_every_layer_equals_the_reference_kernels(quantized: Quantized) -> None:
    """Convolutions in fixed point; the dense layer in float64, from the recorded accumulators."""
    graph = quantized(Rounding.TFLITE_DOUBLE)
    ours, theirs = run_on_litert(graph, Kernels.REFERENCE)
    for name in ("conv1", "conv2", "flatten"):
        assert np.array_equal(ours[name], theirs[name]), name
    dense = record_layers(graph, to_codes(graph, load()[1].images))[-1]
    scale = np.ldexp(dense.channels.multiplier.astype(float), dense.channels.exponent - 31)
    zero_point = dense.channels.zero_point
    expected = requantize_float64_half_away(
        dense.accumulators, 1.0, scale, 1.0, zero_point, -128, 127
    )
    assert np.array_equal(expected, theirs["dense"])


def test_a_wrong_rounding_is_noticed_on_the_real_images(quantized: Quantized) -> None:
    """Negative control of the comparisons with LiteRT."""
    for rounding in (Rounding.TFLITE_DOUBLE, Rounding.SINGLE_HALF_UP):
        ours, theirs = run_on_litert(quantized(rounding), Kernels.OPTIMIZED)
        assert any(not np.array_equal(codes, theirs[name]) for name, codes in ours.items())


def test_recorded_layers_are_what_the_graph_computes(quantized: Quantized) -> None:
    graph = quantized(Rounding.TFLITE_DOUBLE)
    codes = to_codes(graph, load()[1].images)
    traces = record_layers(graph, codes)
    ours = Executor(graph).run(codes, keep=["conv1", "conv2", "dense"])
    assert [trace.name for trace in traces] == list(ours)
    for trace in traces:
        assert np.array_equal(trace.codes, ours[trace.name].reshape(trace.codes.shape))
        again = requantize(torch.from_numpy(trace.accumulators), trace.channels, trace.rounding)
        assert np.array_equal(again.numpy(), trace.codes)
        assert (trace.accumulators >= trace.accumulator_minimum).all()
        assert (trace.accumulators <= trace.accumulator_maximum).all()
    first = traces[0]
    image = np.zeros((8, 8, 1), dtype=np.int64)
    image[3, 4] = 255  # One white pixel: the weights themselves, and the bias.
    white = record_layers(graph, (image[None] - 128).astype(np.int8))[0]
    node = graph.nodes[0]
    assert isinstance(node, Convolution)
    expected = np.tile(node.bias, (8, 8, 1))
    for row, column in np.ndindex(3, 3):
        expected[4 - row, 5 - column] += 255 * node.weight[:, row, column, 0].astype(np.int64)
    assert np.array_equal(white.accumulators, expected.reshape(-1, 16))
    assert first.accumulators.shape == (360 * 64, 16)


def test_layers_are_certified_on_every_reachable_accumulator(quantized: Quantized) -> None:
    graph = quantized(Rounding.TFLITE_DOUBLE)
    layer = record_layers(graph, to_codes(graph, load()[1].images))[0]
    channels = layer.channels
    scale = np.ldexp(channels.multiplier.astype(float), channels.exponent - 31)
    codes = (channels.zero_point, channels.minimum, channels.maximum)
    references = {
        rounding.value: lambda acc, rounding=rounding: requantize(
            torch.tensor(acc), channels, rounding
        ).numpy()
        for rounding in (Rounding.TFLITE_DOUBLE, Rounding.RUY, Rounding.SINGLE_HALF_EVEN)
    } | {
        "float32": lambda acc: requantize_float32_half_even(acc, scale, *codes),
        "float64": lambda acc: requantize_float64_half_away(acc, 1.0, scale, 1.0, *codes),
    }
    low, high = layer.accumulator_minimum, layer.accumulator_maximum
    every = np.clip(np.arange(low.min(), high.max() + 1)[:, None], low, high)
    for name, reference in references.items():
        certificate = find_certificate(reference, low, high, *codes)
        assert np.array_equal(certificate.evaluate(every), reference(every)), name
        assert certificate.multiplier_width <= 24


def test_files_are_made_once_and_made_anew_when_settings_change(tmp_path: Path) -> None:
    first = quantized_digits(tmp_path, QUICK)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")}
    assert set(times) == {
        *("digits.bittrue", "layers.npz", "digits.json", "digits.safetensors"),
        *("training.npy", "test.npy", "test-labels.npy"),
    }
    assert quantized_digits(tmp_path, QUICK) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")} == times
    other = quantized_digits(tmp_path, DigitsSettings(QUICK.training, Rounding.RUY))
    assert other.configuration != first.configuration
    assert {layer.rounding for layer in other.layers()} == {Rounding.RUY}
    assert [node.output for node in other.graph().nodes] == ["conv1", "conv2", "flatten", "dense"]
    assert json.loads((tmp_path / "digits.json").read_text())["int8_accuracy"] > 0.2


def test_what_makes_the_network_is_what_is_hashed() -> None:
    """And nothing that has no part in it: importers and exporters of files, units."""
    program = "import sys, bittrue.golden.digits.quantize; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    root = Path(bittrue.golden.__file__).parent
    loaded = {
        Path(module.__file__)
        for name in done.stdout.split()
        if name.startswith("golden.") and (module := importlib.import_module(name)).__file__
    }
    hashed = {file for each in SOURCES for file in source_files(root / each)}
    assert loaded - hashed <= {root / "frontends" / "__init__.py"}
    assert not {file.parent.name for file in hashed} & {"units", "export", "onnx", "tflite"}


def test_units_train_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layers that units take are quantized from the weights of the package."""
    monkeypatch.setattr("bittrue.golden.digits.quantize.train", None)
    assert len(quantized_digits(tmp_path).layers()) == 3
    with pytest.raises(TypeError):  # Negative control: what trains is noticed.
        quantized_digits(tmp_path, QUICK)


def test_missing_files_are_made_anew(tmp_path: Path) -> None:
    quantized_digits(tmp_path, QUICK)
    (tmp_path / "layers.npz").unlink()
    assert len(quantized_digits(tmp_path, QUICK).layers()) == 3


def test_an_interrupted_run_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantized_digits(tmp_path, QUICK)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bittrue.golden.digits.quantize.save_traces", interrupted)
    changed = DigitsSettings(QUICK.training, Rounding.RUY)
    with pytest.raises(KeyboardInterrupt):
        quantized_digits(tmp_path, changed)
    monkeypatch.undo()
    assert {layer.rounding for layer in quantized_digits(tmp_path, QUICK).layers()} == {
        Rounding.TFLITE_DOUBLE
    }


def test_reading_what_is_there_needs_numpy_alone(tmp_path: Path) -> None:
    quantized_digits(tmp_path, QUICK)
    program = (
        "import sys; from pathlib import Path\n"
        "from bittrue.golden.digits import DigitsSettings, Training, quantized_digits\n"
        "digits = quantized_digits(Path(sys.argv[1]), DigitsSettings(Training(epochs=1)))\n"
        "print(len(digits.layers()), len(digits.graph().nodes))\n"
        "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "3 4\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExecutionError, match=r"file/digits: .*; choose another folder"):
        quantized_digits(tmp_path / "file" / "digits", QUICK)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"seed": -1}, "seed is -1; allowed: 0 to 4294967295"),
        ({"epochs": 0}, "epochs and batch are 0 and 64; allowed: 1 or more"),
    ],
)
def test_settings_out_of_range(parameters: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Training(**parameters)


def test_traces_survive_the_file(tmp_path: Path, quantized: Quantized) -> None:
    graph = quantized(Rounding.RUY)
    traces = record_layers(graph, to_codes(graph, load()[1].images[:5]))
    save_traces(traces, tmp_path / "layers.npz")

    def content(trace: LayerTrace) -> list[object]:
        channels = trace.channels
        arrays = [trace.accumulators, trace.codes, channels.multiplier, channels.exponent]
        arrays += [channels.zero_point, channels.minimum, channels.maximum]
        arrays += [trace.accumulator_minimum, trace.accumulator_maximum]
        return [trace.name, trace.rounding, *(values.tolist() for values in arrays)]

    loaded = load_traces(tmp_path / "layers.npz")
    assert [content(trace) for trace in loaded] == [content(trace) for trace in traces]
    assert loaded[0].accumulators.dtype == np.int64


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04 no archive", None])
def test_other_files_are_refused_as_traces(tmp_path: Path, text: bytes | None) -> None:
    if text is None:
        np.savez(tmp_path / "layers.npz", other=np.zeros(3))
    else:
        (tmp_path / "layers.npz").write_bytes(text)
    with pytest.raises(UserError, match=r"layers\.npz(: | holds no layer traces)"):
        load_traces(tmp_path / "layers.npz")
