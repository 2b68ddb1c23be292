"""Torch modules named on the command line, and what is said when they cannot be used."""

import shlex
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from bittrue.flows.arguments.npy_files import read_npy
from bittrue.flows.arguments.torch_models import load_module, read_labels, read_samples
from bittrue.golden.errors import UserError

CODE = """
from torch import nn
from sizes import WIDTH

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(WIDTH, 2)
        self.norm = nn.BatchNorm1d(2)

def make():
    return nn.Sequential(Net())

def number():
    return 3

def needs(width):
    return nn.Linear(width, 2)

def fails():
    raise RuntimeError("two\\nlines")

ready = Net()
limit = 4
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "sizes.py").write_text("WIDTH = 3\n")
    path = tmp_path / "nets.py"
    path.write_text(CODE)
    return path


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sizes", None)
    monkeypatch.delitem(sys.modules, "sizes")


@pytest.mark.parametrize("name", ["Net", "make", "ready"])
def test_class_factory_and_module(file: Path, name: str) -> None:
    module = load_module(f"{file}:{name}")
    assert isinstance(module, nn.Module)
    assert not module.training
    assert next(module.parameters()).shape == (2, 3)


def test_package_module() -> None:
    module = load_module("bittrue.golden.digits.network:DigitsNetwork")
    assert type(module).__name__ == "DigitsNetwork"


def test_weights(file: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict()
    renamed = {
        name.replace("0.", "dense.").replace("1.", "norm."): value for name, value in state.items()
    }
    save_file(renamed, tmp_path / "w.safetensors")
    module = load_module(f"{file}:Net", tmp_path / "w.safetensors")
    assert torch.equal(module.get_parameter("dense.weight"), state["0.weight"])
    assert not torch.equal(
        load_module(f"{file}:Net").get_parameter("dense.weight"), state["0.weight"]
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "nets.py",
            "model is 'nets.py'; allowed: FILE.onnx, FILE.tflite, FILE.py:NAME or PACKAGE.",
        ),
        ("none.py:make", "none.py: there is no such file"),
        ("no.package:make", "no.package: ModuleNotFoundError: No module named 'no'"),
        ("nets.py:Other", "nets.py has no 'Other'; it has: Net, fails, make, needs, number"),
        ("nets.py:limit", "nets.py:limit is a int; allowed: a torch.nn.Module, or what makes one"),
        ("nets.py:number", "nets.py:number makes a int; allowed: a torch.nn.Module"),
        ("nets.py:needs", "nets.py:needs(): TypeError: needs() missing 1 required positional"),
        ("nets.py:fails", "nets.py:fails(): RuntimeError: two lines"),
        ("broken.py:make", "broken.py: SyntaxError:"),
    ],
)
def test_no_module(file: Path, spec: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "broken.py").write_text("def make(:\n")
    monkeypatch.chdir(file.parent)
    with pytest.raises(UserError) as caught:
        load_module(spec)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_weights(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    state = {name: value.clone() for name, value in load_module(f"{file}:Net").state_dict().items()}
    bias = state.pop("dense.bias")
    save_file(state | {"dense.extra": bias}, path)
    with pytest.raises(UserError, match=r"it lacks dense\.bias; .*:Net has no dense\.extra$"):
        load_module(f"{file}:Net", path)
    save_file(state | {"dense.bias": torch.zeros(5)}, path)
    with pytest.raises(UserError, match=r"dense\.bias has shape \(5,\); .* has one of \(2,\)"):
        load_module(f"{file}:Net", path)
    path.write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"w\.safetensors: it is no \.safetensors file"):
        load_module(f"{file}:Net", path)
    with pytest.raises(UserError, match="No such file"):
        load_module(f"{file}:Net", tmp_path / "none.safetensors")


def test_files_of_torch_are_refused_with_a_command_that_converts_them(
    file: Path, tmp_path: Path
) -> None:
    state = load_module(f"{file}:Net").state_dict()
    # Tensors that share memory, as tied weights do, are what safetensors does not write as it is.
    torch.save(state | {"dense.bias": state["norm.bias"]}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"w\.pth: torch\.save wrote it, and .* run code") as caught:
        load_module(f"{file}:Net", tmp_path / "w.pth")
    words = shlex.split(str(caught.value).partition("convert it: ")[2])
    assert words[0] == "python"
    subprocess.run([sys.executable, *words[1:]], check=True)
    module = load_module(f"{file}:Net", tmp_path / "w.safetensors")
    assert torch.equal(module.get_parameter("dense.weight"), state["dense.weight"])
    assert torch.equal(module.get_parameter("dense.bias"), state["norm.bias"])


def test_samples_and_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(12, dtype=np.uint8).reshape(4, 3))
    np.save(tmp_path / "y.npy", np.array([1, 0, 2, 1], dtype=np.int32))
    samples = read_samples(tmp_path / "x.npy")
    assert samples.dtype == torch.float32
    assert samples.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert read_labels(tmp_path / "y.npy", 4).tolist() == [1, 0, 2, 1]
    with pytest.raises(UserError, match=r"integers of shape \(5,\), one for each sample"):
        read_labels(tmp_path / "y.npy", 5)
    with pytest.raises(UserError, match=r"y\.npy: it has shape \(4,\)"):
        read_samples(tmp_path / "y.npy")
    (tmp_path / "text.npy").write_text("numbers")
    np.save(tmp_path / "objects.npy", np.array([None]), allow_pickle=True)
    for name, mapped in product(("text.npy", "objects.npy"), (False, True)):
        with pytest.raises(UserError, match=rf"{name}: it is no \.npy file of numbers") as caught:
            read_npy(tmp_path / name, mapped)
        assert "pickle" not in str(caught.value)
