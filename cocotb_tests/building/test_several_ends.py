"""The stand-alone testbench of a network with several inputs and outputs."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Window, file
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.convolution import Convolution
from cocotb_tests.building.stand_alone import (
    change_digit,
    play,
    with_verilated_bench,
)
from cocotb_tests.network.builder import INT8, Builder


def network() -> Graph:
    """Return two images, of which one leaves as features, which the sum of both takes, too."""
    b = Builder((3, 3, 2))
    b.add_input("Other:0", (3, 3, 4))
    shape = (4, 1, 1, 2)
    features = b.matrix(Convolution, "x", shape, INT8, INT8, window=Window((1, 1)))
    both = {"inputs": (features, "Other:0"), "addends": (Addend(), Addend())}
    return b.graph(b.scaled(Add, INT8, 1, **both), features)


@pytest.fixture(scope="module", params=["axi", "stream"])
def built(
    request: pytest.FixtureRequest, builds: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("ends")
    file.save(network(), folder / "two.bittrue")
    words = ["build", str(folder / "two.bittrue"), "--device", "ecp5-25f", "--cycles", "100"]
    words += ["--output", str(folder / "out"), "--shell", request.param, "--images", "3"]
    assert main(words) == 0
    return with_verilated_bench(folder / "out", builds)


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "out")
    return tmp_path / "out"


def test_passes_whatever_the_pauses(built: Path, simulator: str) -> None:
    for words in (["+stall=0"], ["+seed=2"], ["+seed=3", "+stall=230", "+images=2"]):
        finished = play(built, simulator, *words)
        images = 2 if "+images=2" in words else 3
        assert f"PASS {2 * 36 * images} outputs compared" in finished.stdout, finished
        assert finished.returncode == 0


def test_images_come_as_the_manifest_foretells(built: Path) -> None:
    said = play(built, "icarus", "+stall=0").stdout
    manifest = json.loads((built / "manifest.json").read_text())
    intervals = re.findall(r"^(\w+): last image (\d+) cycles after the one before", said, re.M)
    assert [name for name, _ in intervals] == [end["stream"] for end in manifest["outputs"]]
    assert {int(cycles) for _, cycles in intervals} == {manifest["initiation_interval"]}


def test_the_manifest_lists_all_streams(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    ports = {port["name"]: port["width"] for port in manifest["ports"]}
    tensors = [end["tensor"] for end in (*manifest["inputs"], *manifest["outputs"])]
    assert tensors == ["x", "Other:0", "t1", "t0"]
    streams = [end["stream"] for end in (*manifest["inputs"], *manifest["outputs"])]
    axi = manifest["shell"] == "axi"
    kinds = ("s_axis", "m_axis") if axi else ("i", "o")
    ends = [(kinds[0], "x"), (kinds[0], "other_0"), (kinds[1], "t1"), (kinds[1], "t0")]
    assert streams == [f"{kind}_{name}" for kind, name in ends]
    for end in (*manifest["inputs"], *manifest["outputs"]):
        assert ports[end["data_port"]] == end["lanes"] * end["bits_per_lane"]
        assert (f"{end['stream']}_tlast" in ports) == axi


def test_exchanged_outputs_are_noticed(copy: Path) -> None:
    bench = copy / "testbench"
    (bench / "expected_t0.hex").rename(bench / "kept.hex")
    (bench / "expected_t1.hex").rename(bench / "expected_t0.hex")
    (bench / "kept.hex").rename(bench / "expected_t1.hex")
    finished = play(copy, "icarus")
    assert re.search(r"^FAIL: \w+_t[01]: image 0, ", finished.stdout, re.M), finished
    assert finished.returncode == 1


def test_one_wrong_code_of_either_output_is_named(copy: Path) -> None:
    for name in ("t0", "t1"):
        path = copy / "testbench" / f"expected_{name}.hex"
        right = path.read_text()
        change_digit(path, -1)
        finished = play(copy, "icarus")
        assert re.search(rf"^FAIL: \w+_{name}: image 2, ", finished.stdout, re.M), finished
        assert finished.returncode == 1
        path.write_text(right)


@pytest.mark.parametrize("built", ["axi"], indirect=True)
@pytest.mark.parametrize("stream", ["t0", "t1"])
def test_a_missing_tlast_on_either_output_is_noticed(copy: Path, stream: str) -> None:
    bench = copy / "testbench" / "testbench.v"
    text = bench.read_text()
    (wire,) = re.findall(rf"\.m_axis_{stream}_tlast\((\w+)\)", text)
    bench.write_text(text.replace(f".m_axis_{stream}_tlast({wire})", f".m_axis_{stream}_tlast()"))
    bench.write_text(bench.read_text().replace(f"wire {wire};", f"wire {wire} = 0;"))
    finished = play(copy, "icarus")
    assert re.search(rf"^FAIL: m_axis_{stream}: image 0, .*last is 0", finished.stdout, re.M)
    assert finished.returncode == 1


@pytest.mark.parametrize("name", ["x", "other_0"])
def test_an_input_that_stops_is_noticed(copy: Path, name: str) -> None:
    bench = copy / "testbench" / "testbench.v"
    text = bench.read_text()
    place = ["x", "other_0"].index(name)
    line = f"in_valid_{place} <= 1;"
    assert text.count(line) == 1
    bench.write_text(text.replace(line, f"in_valid_{place} <= offered_{place} < 5;"))
    finished = play(copy, "icarus")
    assert "FAIL: nothing moved for" in finished.stdout
    assert finished.returncode == 1


def test_sim_and_run_take_a_file_for_each(tmp_path: Path) -> None:
    graph = network()
    file.save(graph, tmp_path / "two.bittrue")
    rng = np.random.default_rng(4)
    given = {
        tensor.name: rng.integers(-128, 128, (2, *tensor.shape)).astype(np.int8)
        for tensor in graph.inputs
    }
    for number, codes in enumerate(given.values()):
        np.save(tmp_path / f"{number}.npy", codes)
    expected = Executor(graph).run(given)
    options = ["--sim", "icarus", "--device", "ecp5-25f", "--cycles", "100", "--stall", "60"]
    for command, more in (("run", []), ("sim", options)):
        words = [command, str(tmp_path / "two.bittrue"), *more]
        words += ["--input", f"Other:0={tmp_path}/1.npy", "--input", f"x={tmp_path}/0.npy"]
        words += ["--output", f"{tmp_path}/{command}_t1", "--output", f"{tmp_path}/{command}_t0"]
        assert main(words) == 0
        for name in ("t1", "t0"):
            assert np.array_equal(np.load(tmp_path / f"{command}_{name}"), expected[name])
