"""``bittrue quantize`` as a person uses it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model
from torch import nn

from bittrue.cli import main
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.frontends.torch import to_real
from bittrue.golden.quantize.training.checkpoint import Checkpoint

SOURCE = """
import torch
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)
        )

class Dict(Net):
    def forward(self, x):
        return {"scores": super().forward(x)}

class Tuple(Net):
    def forward(self, x):
        return super().forward(x), None

class Half(Net):
    def __init__(self):
        super().__init__()
        self.half()

class Double(Net):
    def __init__(self):
        super().__init__()
        self.double()

class Twice(Net):
    def forward(self, x):
        return super().forward(x), super().forward(-x)

class Pair:
    def __init__(self, scores):
        self.scores = scores

class Object(Net):
    def forward(self, x):
        return Pair(super().forward(x))

class Meta(Net):
    def __init__(self):
        super().__init__()
        self.to("meta")

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(5, 4)

    def forward(self, one, other):
        return self.first(one) + self.second(other)
"""


def make_module() -> nn.Module:
    """Return what `Net` of the source is."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a module, its weights, calibration and test data."""
    (tmp_path / "net.py").write_text(SOURCE)
    generator = torch.Generator().manual_seed(1)
    module = make_module()
    with torch.no_grad():
        for values in module.parameters():
            values.copy_(torch.randn(values.shape, generator=generator) / 4)
    save_model(module, str(tmp_path / "net.safetensors"))
    samples = torch.randn(300, 2, 6, 6, generator=generator)
    with torch.no_grad():
        labels = module(samples).argmax(dim=1)
    np.save(tmp_path / "x.npy", samples.numpy())
    np.save(tmp_path / "labels.npy", labels.numpy())
    return tmp_path


def words(folder: Path, **changes: str) -> list[str]:
    """Return a command, with some options changed."""
    options = {
        "weights": str(folder / "net.safetensors"),
        "calibration": str(folder / "x.npy"),
        "output": str(folder / "net.bittrue"),
    } | changes
    model = options.pop("model", f"{folder / 'net.py'}:Net")
    named = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    return ["quantize", model, *named]


def test_a_network_and_its_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, labels = str(folder / "x.npy"), str(folder / "labels.npy")
    assert main(words(folder, test=x, test_labels=labels)) == 0
    out = capsys.readouterr().out
    report = json.loads((folder / "net.json").read_text())
    assert [layer["name"] for layer in report["layers"]] == ["0", "2", "3"]
    assert report["macs"] == 36 * 4 * 2 * 9 + 3 * 144
    assert sum(layer["differing"] for layer in report["layers"]) == 0
    assert report["accuracy"]["float"] == 1.0
    assert report["accuracy"]["integer"] > 0.97
    assert "0 differ" in out
    assert f"accuracy: float 100.00%, integers {report['accuracy']['integer']:.2%}" in out


def test_weights_that_are_not_given_are_spoken_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder)) == 0
    assert capsys.readouterr().err == ""
    without = [word for word in words(folder) if not word.startswith("--weights")]
    assert main(without) == 0
    error = capsys.readouterr().err
    assert "warning: no --weights: " in error
    assert "random" in error


@pytest.mark.parametrize("name", ["Dict", "Tuple", "Half", "Double"])
def test_accuracy_of_modules_with_other_outputs_and_types(name: str, folder: Path) -> None:
    """The labels are what the module itself says in float32."""
    x, labels = str(folder / "x.npy"), str(folder / "labels.npy")
    model = f"{folder / 'net.py'}:{name}"
    assert main(words(folder, model=model, test=x, test_labels=labels)) == 0
    accuracy = json.loads((folder / "net.json").read_text())["accuracy"]
    # Weights in half precision are other weights.
    assert accuracy["float"] >= (0.99 if name == "Half" else 1.0)
    assert accuracy["integer"] > 0.97


def test_the_network_computes_what_the_module_computes(folder: Path) -> None:
    assert main(words(folder)) == 0
    graph = load_network(folder / "net.bittrue")
    assert graph.layouts[graph.inputs[0].name] == (2, 0, 1)
    run = ["run", str(folder / "net.bittrue"), f"--input={folder / 'x.npy'}"]
    assert main([*run, f"--output={folder / 'y.npy'}"]) == 0
    (output,) = graph.outputs
    real = to_real(graph, output, np.load(folder / "y.npy"))
    module = make_module()
    load_model(module, folder / "net.safetensors")
    with torch.no_grad():
        exact = module(torch.from_numpy(np.load(folder / "x.npy")))
    assert (real - exact).square().mean() < exact.square().mean() / 10**3


def test_a_scheme_file_decides_the_bits(folder: Path) -> None:
    (folder / "s.toml").write_text("[weight]\nbits = 4\n[layers.3.weight]\nbits = 6\n")
    assert main(words(folder, scheme=str(folder / "s.toml"))) == 0
    graph = load_network(folder / "net.bittrue")
    widths = [node.weight_type.width for node in graph.nodes if hasattr(node, "weight_type")]
    assert widths == [4, 6]


TRAINED = """
[weight]
bits = 2
range = "lsq"
[activation]
type = "symmetric"
bits = 2
range = "lsq"
[training]
epochs = 4
learning_rate = 0.01
"""


def test_training_goes_on_where_it_was_interrupted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "s.toml").write_text(TRAINED)
    options = {"scheme": str(folder / "s.toml"), "labels": str(folder / "labels.npy")}
    assert main(words(folder, **options)) == 0
    whole = (folder / "net.bittrue").read_bytes()
    (folder / "net.bittrue").unlink()
    save = Checkpoint.save

    def interrupted(checkpoint: Checkpoint, epoch: int) -> None:
        save(checkpoint, epoch)
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", interrupted)
    assert main(words(folder, **options)) == 130
    checkpoint = folder / "net.checkpoint.safetensors"
    assert checkpoint.exists()
    assert not (folder / "net.bittrue").exists()
    monkeypatch.setattr(Checkpoint, "save", save)
    capsys.readouterr()
    assert main(words(folder, **options)) == 0
    assert "going on from" in capsys.readouterr().out
    assert (folder / "net.bittrue").read_bytes() == whole
    assert not checkpoint.exists()


def test_no_samples_but_the_range_of_the_input(folder: Path) -> None:
    """A scale of the input follows from the range alone; every layer is exact as with samples."""
    model = f"{folder / 'net.py'}:Net"
    output = f"--output={folder / 'net.bittrue'}"
    assert main(["quantize", model, "--input-range=2x6x6:-1:1.55", output]) == 0
    graph = load_network(folder / "net.bittrue")
    assert float(graph.quantization[graph.inputs[0].name].scale) == np.float32(0.01)
    report = json.loads((folder / "net.json").read_text())
    assert sum(layer["differing"] for layer in report["layers"]) == 0


@pytest.mark.parametrize("text", ["2x6x6", "2x6x6:0:one", "2*6:0:1", "2x6x6:1:0", "0x6x6:0:1"])
def test_ranges_that_are_none(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = f"--output={folder / 'net.bittrue'}"
    assert main(["quantize", f"{folder / 'net.py'}:Net", f"--input-range={text}", output]) == 2
    error = capsys.readouterr().err
    assert "allowed: " in error
    assert error.count("\n") == 1


def test_several_inputs(folder: Path) -> None:
    for name, size in (("a", 3), ("b", 5)):
        np.save(folder / f"{name}.npy", np.random.default_rng(0).normal(size=(40, size)))
    command = ["quantize", f"{folder / 'net.py'}:Two"]
    command += [f"--calibration={folder / name}.npy" for name in ("a", "b")]
    assert main([*command, f"--output={folder / 'two.bittrue'}"]) == 0
    graph = load_network(folder / "two.bittrue")
    codes = {tensor.name: np.zeros((1, *tensor.shape), np.int64) for tensor in graph.inputs}
    assert Executor(graph).run(codes)[graph.outputs[0]].shape == (1, 4)


LABELLED = {"test": "few.npy", "test_labels": "few_labels.npy"}

REFUSED = {
    "suffix": ({"output": "net.onnx"}, r"net.onnx: suffix is '.onnx'; allowed: .bittrue"),
    "folder": ({"output": "none/net.bittrue"}, r"there is no folder none; make it first"),
    "labels": ({"test": "x.npy"}, "--test and --test-labels are given together or not at all"),
    "no labels": ({"scheme": "train.toml"}, "--labels and a scheme with a training are given tog"),
    "no training": ({"labels": "labels.npy"}, "--labels and a scheme with a training are given"),
    "model": (
        {"model": "net"},
        "model is 'net'; allowed: FILE.onnx, FILE.tflite, FILE.py:NAME or PACKAGE.MODULE:NAME",
    ),
    "file": ({"calibration": "none.npy"}, "none.npy: No such file or directory"),
    "scheme": ({"scheme": "bad.toml"}, "weight.bits is 99; allowed: 1 to 16"),
    "layer": ({"scheme": "layer.toml"}, "layers.conv names no layer; the network has: 0, 2, 3"),
    "shape": ({"calibration": "scalar.npy"}, "it has shape .4,. and type int64; allowed: real"),
    "not finite": ({"calibration": "nan.npy"}, "nan.npy: sample 2 has values that are not finite"),
    "too large": ({"calibration": "large.npy"}, "large.npy: sample 1 has values that are not fini"),
    "negative": (LABELLED | {"test_labels": "negative.npy"}, "it has class -1; allowed: 0 or more"),
    "classes": (
        LABELLED | {"test_labels": "classes.npy"},
        "labels are classes from 0 to 3; the network has 3 outputs, for classes 0 to 2",
    ),
    "calibration shape": (
        {"calibration": "small.npy"},
        r"the module does not take inputs of shape \(N, 2, 3, 3\), N counting samples: ",
    ),
    "two outputs": (
        LABELLED | {"model": "net.py:Twice"},
        "the module has 2 outputs; accuracy is that of one, the scores",
    ),
    "no tensor": (
        {"model": "net.py:Object"},
        "the module returns a Pair; allowed: tensors, alone or in tuples, lists or dicts",
    ),
    "no values": (LABELLED | {"model": "net.py:Meta"}, "'0.weight' is on torch's device 'meta'"),
    "test shape": (
        LABELLED | {"test": "small.npy"},
        r"small.npy: its samples have shape \(2, 3, 3\); allowed: \(2, 6, 6\), as those of cal",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_one_line_and_leaves_nothing_behind(
    case: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "bad.toml").write_text("[weight]\nbits = 99\n")
    (folder / "layer.toml").write_text("[layers.conv.weight]\nbits = 4\n")
    (folder / "train.toml").write_text(TRAINED)
    np.save(folder / "scalar.npy", np.arange(4))
    few = np.zeros((4, 2, 6, 6))
    np.save(folder / "few.npy", few)
    np.save(folder / "small.npy", few[..., :3, :3])
    np.save(folder / "nan.npy", np.where(np.arange(4)[:, None, None, None] < 2, few, np.nan))
    np.save(folder / "large.npy", few + np.array([0, 1e60, 0, 0])[:, None, None, None])
    np.save(folder / "few_labels.npy", [0, 1, 2, 0])
    np.save(folder / "negative.npy", [0, 1, 2, -1])
    np.save(folder / "classes.npy", [0, 1, 2, 3])
    before = sorted(folder.iterdir())
    changes, message = REFUSED[case]
    assert main(words(folder, **changes)) == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.count("\n") == 1
    after = [path for path in folder.iterdir() if path.name != "__pycache__"]
    assert sorted(after) == before


def test_a_constant_network_has_a_report_that_every_json_reader_reads(folder: Path) -> None:
    module = make_module()
    for values in module.parameters():
        nn.init.zeros_(values)
    save_model(module, str(folder / "net.safetensors"))
    assert main(words(folder)) == 0

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    report = json.loads((folder / "net.json").read_text(), parse_constant=refuse)
    assert report["layers"][-1]["sqnr"] is None
