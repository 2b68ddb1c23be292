"""New weights into an accelerator that exists: ROM files alone, or in one line why not."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.golden.graph import FixedPoint, Graph, Window, file
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from cocotb_tests.network.builder import INT8, Builder

_ROWS = Window((3, 3), padding=((1, 1), (1, 1)))


def network(seed: int = 1, outputs: int = 5) -> Graph:
    """Return a convolution and a dense layer, whose weights are random."""
    b = Builder((4, 4, 3), seed=seed)
    first = b.matrix(Convolution, "x", (6, 3, 3, 3), INT8, INT8, window=_ROWS)
    return b.graph(b.matrix(FullyConnected, first, (outputs, 6), INT8, INT8))


def turned(graph: Graph, factor: int = 1) -> Graph:
    """Return a graph whose layers have each other's outputs, and so need as many bits."""
    nodes = []
    for node in graph.nodes:
        assert isinstance(node, Convolution | FullyConnected)
        assert isinstance(node.requantization, FixedPoint)
        places = np.roll(np.arange(len(node.weight)), 2)
        given = node.requantization.channels
        channels = replace(
            given,
            multiplier=given.multiplier[places],
            exponent=given.exponent[places],
        )
        nodes.append(
            replace(
                node,
                weight=node.weight[places],
                bias=node.bias[places] * factor,
                requantization=replace(node.requantization, channels=channels),
            )
        )
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


def build(graph: Graph, folder: Path, *more: str) -> int:
    path = folder.with_suffix(".bittrue")
    file.save(graph, path)
    words = ["--device", "zynq7020", "--output", str(folder), *more]
    return main(["build", str(path), *words])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an accelerator, which no test changes."""
    folder = tmp_path_factory.mktemp("like") / "first"
    assert build(network(), folder, "--cycles", "500") == 0
    return folder


def files(folder: Path, suffix: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "verilog").glob(f"*{suffix}")}


def test_weights_of_as_many_bits_change_rom_files_alone(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = tmp_path / "second"
    assert build(turned(network()), second, "--like", str(first)) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"the Verilog is that of {first}, byte by byte: ROM files alone changed"
    assert files(first, ".v") == files(second, ".v")
    before, after = files(first, ".hex"), files(second, ".hex")
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    records = [json.loads((each / "manifest.json").read_text()) for each in (first, second)]
    for member in ("ports", "registers", "build", "network", "initiation_interval"):
        assert records[0][member] == records[1][member]


def test_the_new_weights_are_what_it_computes(first: Path, tmp_path: Path) -> None:
    """Outputs expected in the folder are golden's; with the ROM files before, they differ."""
    second = tmp_path / "second"
    assert build(turned(network()), second, "--like", str(first)) == 0
    script = ["sh", str(second / "testbench" / "run_icarus.sh")]
    assert "PASS" in subprocess.run(script, check=True, capture_output=True, text=True).stdout
    for path in (first / "verilog").glob("*.hex"):
        shutil.copy(path, second / "verilog")
    assert subprocess.run(script, check=False, capture_output=True).returncode != 0


def test_weights_of_more_bits_are_told_in_one_line(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Negative control: other Verilog is noticed; folding and ports are those there."""
    second = tmp_path / "second"
    assert build(turned(network(), factor=1 << 14), second, "--like", str(first)) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"the Verilog is another than that of {first}, with the same folding")
    assert "in layer 0, convolution 't0', accumulators are int2" in last
    assert files(first, ".v") != files(second, ".v")
    records = [json.loads((each / "manifest.json").read_text()) for each in (first, second)]
    assert records[0]["ports"] == records[1]["ports"]
    assert records[0]["decisions"]["foldings"] == records[1]["decisions"]["foldings"]
    assert records[0]["build"] != records[1]["build"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--like", "nowhere"), "holds no accelerator that says how it was planned"),
        (("--name", "other"), "--name is 'other'; allowed with --like: 'first'"),
        (("--shell", "stream"), "it is for zynq7020 with shell axi, asked for are zynq7020 and"),
    ],
)
def test_what_is_not_alike_is_refused(
    more: tuple[str, ...], message: str, first: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    words = more if "--like" in more else ("--like", str(first), *more)
    assert build(network(), tmp_path / "second", *words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_other_layers_are_refused(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(network(outputs=4), tmp_path / "second", "--like", str(first)) == 2
    error = capsys.readouterr().err
    assert "tensor 2 there is 't1', dense of int8 (4, 4, 5); here it is 't1', dense of" in error
    assert not (tmp_path / "second").exists()
