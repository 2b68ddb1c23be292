"""Where accuracy is lost: each number against torch with the same part quantized by hand."""

import html.parser
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_model
from torch import Tensor, nn

from bittrue.cli import main
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize import ActivationScheme, LayerScheme, Scheme, WeightScheme, quantize
from bittrue.golden.quantize.analysis import LayerAnalysis, NetworkAnalysis, analyze
from bittrue.golden.quantize.calibrate import CalibrationData
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.findings import findings
from bittrue.golden.quantize.histogram import histogram_of_values

SCHEME = Scheme(weight=WeightScheme(bits=4), activation=ActivationScheme(type="symmetric", bits=5))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 3)
        self.pool, self.last = nn.MaxPool2d(2), nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x).relu()).relu()
        return self.last(self.pool(y).flatten(1))


def make() -> Net:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return Net().eval()


def data(count: int = 300) -> tuple[Tensor, Tensor]:
    samples = torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        return samples, make()(samples).argmax(dim=1)


@pytest.fixture(scope="module")
def analysis() -> NetworkAnalysis:
    samples, labels = data()
    return analyze(quantize(make(), samples, SCHEME), CalibrationData(samples), labels)


def decibels(signal: Tensor, noisy: Tensor) -> float:
    return float(10 * torch.log10(signal.square().sum() / (noisy - signal).square().sum()))


def round_weights(layer: nn.Module, bits: int) -> None:
    with torch.no_grad():
        top = layer.weight.flatten(1).abs().amax(1).reshape(-1, *[1] * (layer.weight.ndim - 1))
        scale = top / (2 ** (bits - 1) - 1)
        layer.weight.copy_((layer.weight / scale).round() * scale)


def round_values(layer: nn.Module, bits: int, top: Tensor) -> None:
    """Quantize what relu leaves of a layer's result, up to what it reaches in floating point."""
    scale = top / (2**bits - 1)

    def hook(_: nn.Module, inputs: object, result: Tensor) -> Tensor:
        return (result.relu() / scale).round().clamp(max=2**bits - 1) * scale

    layer.register_forward_hook(hook)


def by_name(analysis: NetworkAnalysis) -> dict[str, LayerAnalysis]:
    return {layer.name: layer for layer in analysis.layers}


def test_noise_of_weights_and_values(analysis: NetworkAnalysis) -> None:
    samples, labels = data()
    with torch.no_grad():
        exact = make()(samples)
        top = make().second(make().first(samples).relu()).max()
        one, other, both = make(), make(), make()
        round_weights(one.second, 4)
        round_values(other.second, 5, top)
        round_weights(both.second, 4)
        round_values(both.second, 5, top)
        results = [module(samples) for module in (one, other, both)]
    second = by_name(analysis)["second"]
    ratios = [float((r - exact).square().sum() / exact.square().sum()) for r in results]
    assert second.weights.noise == pytest.approx(ratios[0], rel=1e-3)
    assert second.values.noise == pytest.approx(ratios[1], rel=1e-3)
    assert second.weights.noise != pytest.approx(ratios[1], rel=1e-3)
    right = float((results[2].argmax(1) == labels).double().mean())
    assert second.accuracy_alone == pytest.approx(right, abs=1e-9)
    weight, rounded = make().second.weight.detach(), one.second.weight.detach()
    assert second.weights.sqnr == pytest.approx(decibels(weight, rounded), abs=1e-3)


def test_results_alone_and_cumulative(analysis: NetworkAnalysis) -> None:
    samples, labels = data()
    layers = by_name(analysis)
    quantized = quantize(make(), samples, SCHEME)
    with torch.no_grad():
        exact = make()(samples)
        everything = quantized.fake(samples)
    assert analysis.sqnr == pytest.approx(decibels(exact, everything), abs=1e-3)
    assert layers["last"].sqnr_cumulative == analysis.sqnr
    assert layers["last"].sqnr_alone > layers["last"].sqnr_cumulative
    (name,) = quantized.graph.outputs
    scores = Executor(quantized.graph).run(to_codes(quantized.graph, samples))[name]
    assert analysis.accuracy_integer == (scores.argmax(axis=1) == labels.numpy()).mean()
    assert analysis.accuracy_float == 1.0
    assert layers["last"].accuracy_cumulative == pytest.approx(
        float((everything.argmax(1) == labels).double().mean())
    )
    shares = [p.share for each in analysis.layers for p in (each.weights, each.values) if p]
    assert sum(shares) == pytest.approx(1.0)
    assert layers["pool"].values is None  # Its codes are the layer's before it.


def test_batches_do_not_change_the_numbers(analysis: NetworkAnalysis) -> None:
    samples, labels = data()
    batches = CalibrationData(list(samples.split(77)))
    steps: list[tuple[int, int]] = []
    again = analyze(
        quantize(make(), samples, SCHEME), batches, labels, lambda *at: steps.append(at)
    )
    assert steps[-1][0] == steps[-1][1] == len(steps)
    for one, other in zip(analysis.layers, again.layers, strict=True):
        assert one.sqnr_cumulative == pytest.approx(other.sqnr_cumulative, rel=1e-6)
        assert one.accuracy_alone == other.accuracy_alone
    assert again.accuracy_integer == analysis.accuracy_integer


def test_without_labels() -> None:
    samples, _ = data(50)
    found = analyze(quantize(make(), samples), CalibrationData(samples))
    assert found.accuracy_float is None
    assert all(layer.accuracy_cumulative is None for layer in found.layers)
    assert found.sqnr > 30


def test_histogram_is_a_count_of_values_and_codes() -> None:
    values = torch.cat([torch.linspace(0, 1, 6400), torch.full((100,), 3.0)])
    mapping = QuantType.affine(IntegerType(3, False), 0.25)
    found = histogram_of_values(Distribution.of(values), mapping)
    assert (found.low, found.high) == (0.0, 1.75)
    assert found.levels == (0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
    assert (found.codes_used, found.codes) == (6, 8)  # 0 to 1, and what is clipped.
    assert found.clipped == pytest.approx(100 / 6500)
    assert (found.start, found.width) == (0.0, 3 / 64)
    assert sum(found.shares) == pytest.approx(1)
    assert found.shares[-1] == pytest.approx(100 / 6500)
    edges = np.linspace(0, 3, 65)
    assert np.allclose(found.shares, np.histogram(values.double(), edges)[0] / 6500, atol=2 / 6500)


def sentences(module: nn.Module, scheme: Scheme) -> str:
    samples, _ = data(100)
    quantized = quantize(module, samples, scheme)
    return "\n".join(findings(analyze(quantized, CalibrationData(samples))))


def test_what_stands_out_is_said_and_nothing_else() -> None:
    one_scale = Scheme(weight=WeightScheme(granularity="tensor"))
    module = make()
    before = sentences(module, one_scale)
    assert "channel of" not in before
    assert "clipped" not in before
    with torch.no_grad():
        module.second.weight[2] *= 30
    after = sentences(module, one_scale)
    assert re.search(r"one channel of the weights of second reaches \d+\.\d times", after)
    options = {"range": "percentile", "percentile": 95.0}
    clipping = replace(one_scale, layers={"first": LayerScheme(activation=options)})
    found = sentences(module, clipping)
    share = re.search(r"(\d\.\d)% of the values of first are clipped to", found)
    assert share is not None
    assert 3 < float(share[1]) < 6  # The percentile asks for 5.


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.text = ""
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        self.references += [str(v) for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    samples, labels = data(80)
    save_model(make(), str(tmp_path / "net.safetensors"))
    np.save(tmp_path / "x.npy", samples.numpy())
    np.save(tmp_path / "y.npy", labels.numpy())
    (tmp_path / "s.toml").write_text("[weight]\nbits = 3\n")
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.first, self.second = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 3)\n"
        "        self.pool, self.last = nn.MaxPool2d(2), nn.Linear(24, 4)\n\n"
        "    def forward(self, x):\n"
        "        y = self.second(self.first(x).relu()).relu()\n"
        "        return self.last(self.pool(y).flatten(1))\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


REQUEST = [
    "analyze", "net.py:Net", "--weights", "net.safetensors", "--calibration", "x.npy",
    "--scheme", "s.toml", "--test", "x.npy", "--test-labels", "y.npy", "--output", "report.html",
]  # fmt: skip


def test_page_needs_nothing_else_and_is_the_same_each_time(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(REQUEST) == 0
    said = capsys.readouterr().out
    first = [(folder / name).read_bytes() for name in ("report.html", "report.json")]
    page = Page()
    page.feed(first[0].decode())
    assert len(page.ids) == len(set(page.ids)) > 20
    assert all(reference.startswith("#") for reference in page.references)
    assert "url(http" not in first[0].decode()
    numbers = json.loads(first[1])
    for layer in ("first", "second", "last"):
        assert layer in page.text
        assert layer in said
    assert "[weight]\nbits = 3" in page.text
    assert f"{numbers['accuracy_integer']:.2%}" in page.text
    assert f"{numbers['sqnr']:.1f} dB" in page.text
    assert numbers["widths"]["bits"] == [2, 3, 4, 6, 8]
    rows = dict(numbers["widths"]["weights"])
    layers = {each["name"]: each for each in numbers["layers"]}
    measured = -10 * np.log10(layers["second"]["weights"]["noise"])
    assert rows["second"][1] == pytest.approx(measured, abs=1e-6)
    assert str(folder) not in first[0].decode() + first[1].decode()
    assert main(REQUEST) == 0
    assert first == [(folder / name).read_bytes() for name in ("report.html", "report.json")]


def test_wrong_requests(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def message(*words: str) -> str:
        assert main([*words]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    assert "suffix is '.pdf'; allowed: .html" in message(*REQUEST[:-1], "report.pdf")
    assert "--samples is 0; allowed: 1 or more" in message(*REQUEST, "--samples", "0")
    (folder / "s.toml").write_text("[training]\nepochs = 2\n")
    assert "it has a training" in message(*REQUEST)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'bittrue[plots]'" in message(*REQUEST)
    assert not (folder / "report.html").exists()
