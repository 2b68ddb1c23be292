"""``evaluate``: the labels decide what is measured, on codes of an independent runtime."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from sklearn import metrics as sklearn

import bittrue
from bittrue.cli import main
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.graph import Graph, file
from bittrue.golden.graph.arg_max import ArgMax
from tests.support.graphs import dense
from tests.support.litert import Kernels, run_litert
from tests.support.tflite_fixtures import FIXTURES
from tests.support.tflite_states import running_sum

Array = NDArray[Any]

SAMPLES = 150


def network(name: str) -> tuple[Graph, Array, Array]:
    """Return a network, codes for it, and what LiteRT makes of them."""
    model = FIXTURES[name].model()
    graph = convert_tflite(model)
    rng = np.random.default_rng(3)
    codes = rng.integers(-128, 128, (SAMPLES, *graph.inputs[0].shape), dtype=np.int8)
    (outputs,) = run_litert(model, [codes], Kernels.REFERENCE)
    return graph, codes, outputs


def test_classes() -> None:
    graph, codes, outputs = network("residual network")
    labels = np.random.default_rng(4).integers(0, 10, SAMPLES)
    expected = sklearn.accuracy_score(labels, outputs.argmax(axis=1))
    assert bittrue.evaluate(graph, codes, labels) == bittrue.Evaluation(
        "accuracy", expected, SAMPLES
    )
    index = ArgMax(inputs=graph.outputs, output="class")
    ended = dataclasses.replace(graph, nodes=(*graph.nodes, index), outputs=("class",))
    assert bittrue.evaluate(ended, {"x": codes}, labels[:, None]).value == expected
    assert bittrue.evaluate(graph, codes, outputs.argmax(axis=1)).value == 1


def test_wanted_outputs() -> None:
    graph, codes, outputs = network("residual network")
    wanted = np.random.default_rng(4).random((SAMPLES, 10))
    made = (outputs.astype(float) + 128) / 256
    result = bittrue.evaluate(graph, codes, wanted)
    assert result.metric == "mean_squared_error"
    assert result.value == pytest.approx(sklearn.mean_squared_error(wanted, made), rel=1e-12)
    assert bittrue.evaluate(graph, codes, made).value == 0


@pytest.mark.parametrize("channels_first", [False, True])
def test_classes_of_pixels(channels_first: bool) -> None:
    graph, codes, outputs = network("conv")
    if channels_first:
        names = (graph.inputs[0].name, *graph.outputs)
        graph = dataclasses.replace(graph, layouts=dict.fromkeys(names, (2, 0, 1)))
        codes = codes.transpose(0, 3, 1, 2)
    classes = outputs.shape[-1]
    labels = np.random.default_rng(4).integers(0, classes, outputs.shape[:-1])
    labels[:, 0] = 255
    made = outputs.argmax(axis=-1)
    kept = labels != 255
    expected = sklearn.jaccard_score(labels[kept], made[kept], average="macro")
    result = bittrue.evaluate(graph, codes, labels, ignored_label=255)
    assert result.metric == "mean_iou"
    assert result.value == pytest.approx(expected, rel=1e-12)


def test_samples_of_a_network_with_states_are_calls_of_one_sequence() -> None:
    """More of them than a batch: what begins anew on the way is another sequence."""
    model = running_sum()
    graph = convert_tflite(model)
    shape = SAMPLES, *graph.inputs[0].shape
    calls = np.random.default_rng(3).integers(-128, 128, shape, np.int8)
    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=Kernels.REFERENCE.value
    )
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for call in calls:
        interpreter.set_tensor(given["index"], call[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(made["index"])[0])
    labels = np.argmax(outputs, axis=1)
    assert bittrue.evaluate(graph, calls, labels).value == 1
    parts = [bittrue.predict(graph, part)[graph.outputs[0]] for part in np.split(calls, 2)]
    assert (np.concatenate(parts).argmax(axis=1) != labels).any()


@pytest.mark.parametrize(
    ("labels", "metric", "message"),
    [
        (
            np.zeros((4, 2)),
            None,
            r"labels have shape \(4, 2\).* the output shape \(N, 3\);",
        ),
        (np.zeros(4), None, "that is none for accuracy or mean_iou or mean_squared_error"),
        (np.zeros((4, 3)), "accuracy", "that is none for accuracy: "),
        (np.zeros(4, dtype=int), "f1", "no metric is named 'f1'; choose one of accuracy, mean_iou"),
        (np.full(4, 3), None, "labels are classes from 3 to 3; the network has 3 outputs"),
        (np.zeros(5, dtype=int), None, r"has shape \(4, 6\) and there are 5 labels"),
        (np.zeros((0, 3)), None, r"labels have shape \(0, 3\); allowed: one or more"),
    ],
)
def test_labels_of_something_else(labels: Array, metric: str | None, message: str) -> None:
    with pytest.raises(bittrue.UserError, match=message):
        bittrue.evaluate(dense(6, 3), np.zeros((4, 6), dtype=int), labels, metric)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return the command for a small network with its data, of which three quarters are right."""
    graph = dense(6, 3)
    file.save(graph, tmp_path / "net.bittrue")
    codes = np.random.default_rng(1).integers(-128, 128, (40, 6))
    labels = bittrue.predict(graph, codes)["y"].argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % 3
    np.save(tmp_path / "x.npy", codes)
    np.save(tmp_path / "labels.npy", labels)
    names = ("net.bittrue", "x.npy", "labels.npy")
    model, data, truth = (str(tmp_path / name) for name in names)
    return ["evaluate", model, "--data", data, "--labels", truth]


def test_the_command_prints_golden_and_verilog(
    files: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*files, "--simulate", "8", "--sim", "icarus"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "net.bittrue: accuracy 75.00%, 40 samples",
        "Verilog: 8 of the samples, 24 codes compared with golden, 0 differed, on icarus",
    ]
    assert main([*files, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured == {"metric": "accuracy", "value": 0.75, "samples": 40}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--simulate", "41"], "--simulate is 41; allowed: 0 to 40, the samples of"),
        (["--metric", "mean_iou"], "that is none for mean_iou"),
        (["--simulate", "1", "--sim", "vcs"], "no simulator is named 'vcs'"),
    ],
)
def test_wrong_requests(
    words: list[str], message: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_the_command_takes_a_file_for_each_of_several_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, or by name in any other; the difference of two tensors says which is which."""
    monkeypatch.chdir(tmp_path)
    model = FIXTURES["sub"].model()
    Path("net.tflite").write_bytes(model)
    first, second = (
        np.random.default_rng(seed).integers(-128, 128, (20, 7, 6, 4), dtype=np.int8)
        for seed in (1, 2)
    )
    (made,) = run_litert(model, [first, second], Kernels.REFERENCE)
    np.save("a.npy", first)
    np.save("b.npy", second)
    np.save("labels.npy", made.argmax(axis=-1))
    words = ["evaluate", "net.tflite", "--labels", "labels.npy", "--metric", "mean_iou", "--json"]
    names = [tensor.name for tensor in convert_tflite(model).inputs]
    in_order = ["--data", "a.npy", "--data", "b.npy"]
    by_name = ["--data", f"{names[1]}=b.npy", "--data", f"{names[0]}=a.npy"]
    for given in (in_order, by_name):
        assert main([*words, *given]) == 0
        assert json.loads(capsys.readouterr().out)["value"] == 1
    assert main([*words, "--data", "b.npy", "--data", "a.npy"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] < 1
    assert main([*words, "--data", "a.npy"]) == 2
    assert "--data is given 1 times; the model has 2 inputs" in capsys.readouterr().err
