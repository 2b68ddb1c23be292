"""``import bittrue``: every name has an example, and what the example says is so."""

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import bittrue
from tests.support.paths import ROOT

HEAVY = ("torch", "numpy", "amaranth", "onnx", "cocotb", "rich")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``small.bittrue``, which the examples begin with."""
    folder = tmp_path_factory.mktemp("examples")
    torch.manual_seed(1)
    module = torch.nn.Sequential()
    module.add_module("dense", torch.nn.Linear(4, 3))
    module.add_module("relu", torch.nn.ReLU())
    bittrue.save(bittrue.quantize(module, torch.rand(64, 4)), folder / "small.bittrue")
    return folder


def failures(name: str, text: str) -> int:
    """Return how many of the examples in a text print something else than it says."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, f"{name} has no example"
    return doctest.DocTestRunner().run(test).failed


@pytest.mark.parametrize("name", bittrue.__all__)
def test_the_example_of_a_name_prints_what_it_says(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert failures(name, inspect.getdoc(getattr(bittrue, name)) or "") == 0


def test_an_example_that_is_not_so_is_noticed() -> None:
    """Negative control."""
    assert failures("wrong", ">>> 1 + 1\n3\n") == 1
    with pytest.raises(AssertionError, match="no example"):
        failures("empty", "Nothing to run.")


@pytest.mark.parametrize("name", bittrue.__all__)
def test_functions_and_their_results_are_typed(name: str) -> None:
    value = getattr(bittrue, name)
    functions = [value] if inspect.isfunction(value) else []
    functions += [each for _, each in inspect.getmembers(value, inspect.isfunction)]
    for function in functions:
        if not function.__name__.startswith("_") and function.__module__.startswith("bittrue."):
            signature = inspect.signature(function)
            assert signature.return_annotation is not inspect.Signature.empty, function
            given = [each for name, each in signature.parameters.items() if name != "self"]
            assert all(each.annotation is not each.empty for each in given), function


def test_importing_it_imports_nothing_heavy() -> None:
    program = (
        "import sys, bittrue\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
        "bittrue.load\n"
        "sys.exit('torch' in sys.modules or 'amaranth' in sys.modules)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {*HEAVY} & {*finished.stdout.split()}
    assert "bittrue" in finished.stdout.split()


def test_a_name_that_there_is_not_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        bittrue.lode  # noqa: B018
    assert {*bittrue.__all__} <= {*dir(bittrue)}


def test_codes_and_real_numbers_are_predicted_alike(folder: Path) -> None:
    graph = bittrue.load(folder / "small.bittrue")
    quantization = graph.quantization["input"]
    codes = np.arange(-128, 128, 8).reshape(8, 4)
    real = (codes - quantization.encoding.zero_point) * float(quantization.scale)
    name = graph.outputs[0]
    expected = bittrue.predict(graph, codes)[name]
    assert (bittrue.predict(graph, real)[name] == expected).all()
    assert (bittrue.predict(graph, {"input": codes})[name] == expected).all()
    assert (bittrue.predict(graph, codes, tensors=["input"])["input"] == codes).all()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((2, 5), int), r"input: it has shape \(2, 5\) and type int64; allowed: "),
        ({"image": np.zeros((2, 4), int)}, "inputs are given for image; the network's are input"),
        (np.full((1, 4), 128), "spans 128 to 128; allowed: -128 to 127"),
    ],
)
def test_inputs_that_are_not_the_networks_are_refused(
    inputs: object, said: str, folder: Path
) -> None:
    graph = bittrue.load(folder / "small.bittrue")
    with pytest.raises(bittrue.UserError, match=said):
        bittrue.predict(graph, inputs)  # type: ignore[arg-type]


def test_other_suffixes_and_devices_are_refused(folder: Path, tmp_path: Path) -> None:
    graph = bittrue.load(folder / "small.bittrue")
    with pytest.raises(bittrue.UserError, match=r"suffix is '.tflite'; allowed: .bittrue, .onnx"):
        bittrue.save(graph, tmp_path / "x.tflite")
    with pytest.raises(bittrue.UserError, match="no device is named 'zynq'"):
        bittrue.plan(graph, "zynq")
    with pytest.raises(bittrue.UserError, match="no shell is named 'wishbone'"):
        bittrue.plan(graph, "zynq7020", shell="wishbone")
    with pytest.raises(bittrue.UserError, match="cycles is 0; allowed: at least 1"):
        bittrue.plan(graph, "zynq7020", cycles=0)
    assert list(tmp_path.iterdir()) == []
