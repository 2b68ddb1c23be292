"""``bittrue allocate`` as a person uses it."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import torch

from bittrue.cli import main
from bittrue.flows.arguments.torch_models import load_module
from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.cost_tables import HARDWARE_COSTS, hardware_costs
from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.planner import Planner
from bittrue.golden.graph import MatrixNode
from bittrue.golden.graph.passes.cost import graph_cost
from bittrue.golden.quantize import ActivationScheme, Scheme, WeightScheme, quantize
from bittrue.golden.quantize.scheme_file import read_scheme

SOURCE = """
import torch
from torch import nn

def make():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32, 4),
    )
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(SOURCE)
    samples = torch.randn(60, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        labels = load_module(f"{tmp_path}/net.py:make")(samples).argmax(dim=1)
    np.save(tmp_path / "x.npy", samples.numpy())
    np.save(tmp_path / "y.npy", labels.numpy())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def allocate(*options: str) -> int:
    return main(["allocate", "net.py:make", "--calibration", "x.npy", *options])


def test_scheme_report_and_front(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--test", "x.npy", "--test-labels", "y.npy", "--points", "4", "--plot", "front.svg"]
    status = allocate("--budget", "bit_operations=30%", "--output", "s.toml", *options)
    said = capsys.readouterr().out
    assert status == 0
    report = json.loads((folder / "s.json").read_text())
    scheme = read_scheme(folder / "s.toml")
    samples = torch.from_numpy(np.load("x.npy"))
    module = load_module("net.py:make")
    graph = quantize(module, samples, scheme).graph
    spent = graph_cost(graph).bit_operations
    most = graph_cost(quantize(module, samples).graph).bit_operations
    assert report["chosen"]["costs"]["bit_operations"] == spent
    assert report["budgets"]["bit_operations"] == pytest.approx(0.3 * most)
    assert 0.1 * most < spent <= 0.3 * most
    costs = [point["costs"]["bit_operations"] for point in report["front"]]
    assert costs == sorted(set(costs))
    assert report["front"][-1]["accuracy"] > 0.9 > report["front"][0]["accuracy"]
    assert f"bit_operations: {spent:,} of" in said
    for name, (weight, values) in report["chosen"]["bits"].items():
        node = graph.producer(name)
        assert isinstance(node, MatrixNode)
        assert node.weight_type.width == weight
        assert graph.tensors[node.inputs[0]].type.width == values
    drawing = ElementTree.fromstring((folder / "front.svg").read_text())
    assert drawing.tag.endswith("svg")
    assert "accuracy (%)" in "".join(drawing.itertext())


def test_the_same_request_gives_the_same_bytes(folder: Path) -> None:
    options = ["--budget", "weight_bytes=50%", "--points", "2", "--plot", "front.svg"]
    contents = []
    for _ in range(2):
        assert allocate(*options, "--output", "s.toml") == 0
        contents.append([(folder / n).read_bytes() for n in ("s.toml", "s.json", "front.svg")])
    assert contents[0] == contents[1]
    assert str(folder).encode() not in b"".join(contents[0])


def test_hardware_and_hessian_and_greedy(folder: Path) -> None:
    status = allocate(
        "--device", "zynq7020", "--cycles", "300", "--budget", "multipliers=85%", "--budget",
        "cycles=100%", "--sensitivity", "hessian", "--labels", "y.npy", "--solver", "greedy",
        "--weight-bits", "4,8", "--activation-bits", "8", "--points", "2", "--output", "s.toml",
    )  # fmt: skip
    assert status == 0
    report = json.loads((folder / "s.json").read_text())
    for name in ("multipliers", "cycles"):
        assert report["chosen"]["costs"][name] <= report["budgets"][name]
    assert set(report["chosen"]["costs"]) == {"bit_operations", "weight_bytes", *HARDWARE_COSTS}
    assert report["sensitivity"]["method"] == "trace of the Hessian times squared error"


def test_the_training_of_a_scheme_is_kept(folder: Path) -> None:
    text = '[weight]\nrange = "lsq"\n\n[activation]\nrange = "lsq"\n\n[training]\nepochs = 3\n'
    (folder / "base.toml").write_text(text)
    options = ["--scheme", "base.toml", "--budget", "weight_bytes=50%", "--points", "1"]
    assert allocate(*options, "--output", "s.toml") == 0
    base, found = read_scheme(folder / "base.toml"), read_scheme(folder / "s.toml")
    assert (found.weight, found.activation, found.training) == (
        base.weight,
        base.activation,
        base.training,
    )
    chosen = json.loads((folder / "s.json").read_text())["chosen"]["bits"]
    assert {name: bits for name, (bits, _) in chosen.items()} == {
        name: each.weight["bits"] for name, each in found.layers.items() if each.weight
    }


def test_hardware_costs_are_the_plans_own(folder: Path) -> None:
    module, samples = load_module("net.py:make"), torch.from_numpy(np.load("x.npy"))
    values = ActivationScheme(bits=4)
    scheme = Scheme(WeightScheme(bits=4), values, values)
    graphs = {
        (8, 8): quantize(module, samples).graph,
        (4, 4): quantize(module, samples, scheme).graph,
    }
    budget = find_budget("zynq7020")
    tables = hardware_costs(graphs, budget, 300)
    for bits, graph in graphs.items():
        plan = Planner(Circuits(graph, budget.fabric, shell="stream"), budget).cheapest(300)
        assert plan is not None
        for layer in plan.layers:
            if layer.folding is not None:
                assert tables["luts"][layer.name, bits] == layer.resources.luts
                assert tables["cycles"][layer.name, bits] == layer.cycles <= 300
    total = {
        name: [sum(v for (_, bits), v in table.items() if bits == each) for each in graphs]
        for name, table in tables.items()
    }
    assert total["luts"][0] > total["luts"][1] or total["multipliers"][0] > total["multipliers"][1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--budget", "bit_operations"], "--budget is 'bit_operations'; allowed: COST=NUMBER or"),
        (["--budget", "luts=5"], "no cost is named 'luts'; choose from bit_operations, weight_b"),
        (["--budget", "weight_bytes=1"], "no choice of bits stays within weight_bytes of 1; the"),
        (["--budget", "weight_bytes=-1"], "the budget of weight_bytes is -1.0; allowed: above 0"),
        (["--budget", "weight_bytes=9%", "--weight-bits", "4,x"], "--weight-bits is '4,x'; allowe"),
        (["--budget", "weight_bytes=9%", "--device", "z"], "no device is named 'z'; choose one"),
        (["--budget", "weight_bytes=9%", "--points", "0"], "--points and --cycles are 0 and"),
        (["--budget", "weight_bytes=9%", "--plot", "no/f.svg"], "there is no folder no; make it"),
        (["--budget", "weight_bytes=9%", "--test", "x.npy"], "--test and --test-labels are given"),
    ],
)
def test_wrong_requests(
    folder: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert allocate(*options, "--output", "s.toml") == 2
    said = capsys.readouterr().err
    errors = [line for line in said.splitlines() if not line.startswith("warning: no --weights")]
    assert len(errors) == 1
    assert message in errors[0]
    assert not (folder / "s.toml").exists()


def test_missing_matplotlib_is_said_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    options = ["--budget", "weight_bytes=50%", "--plot", "f.svg", "--output", "s.toml"]
    assert allocate(*options) == 2
    assert "pip install 'bittrue[plots]'" in capsys.readouterr().err
