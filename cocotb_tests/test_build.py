"""The stand-alone testbench of an output folder, run by its own scripts without Python."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flows.cli import main
from flows.simulators.toolchain import verilator_environment
from golden.graph import (
    AveragePool,
    Convolution,
    FixedPoint,
    FullyConnected,
    Graph,
    Reshape,
    Tensor,
    Window,
    file,
)
from golden.integer_type import IntegerType
from golden.requant_spec import RequantChannels, RequantSpec
from golden.rounding import Rounding

INT8 = IntegerType(8, True)


def network() -> Graph:
    """Return a convolution and a dense layer with random weights."""
    generator = np.random.default_rng(2)
    channels = RequantChannels(RequantSpec(), multiplier=1 << 30, exponent=-8)
    convolution = Convolution(
        inputs=("image",),
        output="features",
        weight=generator.integers(-128, 128, (4, 3, 3, 2)),
        weight_type=INT8,
        bias=generator.integers(-1000, 1000, 4),
        requantization=FixedPoint(channels, Rounding.TFLITE_DOUBLE),
        window=Window((3, 3), stride=(2, 2), padding=((0, 1), (0, 1))),
    )
    dense = FullyConnected(
        inputs=("flat",),
        output="scores",
        weight=generator.integers(-8, 8, (5, 36)),
        weight_type=IntegerType(4, True),
        bias=generator.integers(-1000, 1000, 5),
    )
    image = Tensor.of_type("image", (6, 6, 2), INT8)
    flat = Reshape(inputs=("features",), output="flat", shape=(36,))
    return Graph((image,), (convolution, flat, dense), ("scores",))


@pytest.fixture(scope="module", params=["axi", "stream"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    file.save(network(), folder / "pair.bittrue")
    words = ["build", str(folder / "pair.bittrue"), "--device", "ecp5-25f", "--cycles", "400"]
    words += ["--out", str(folder / "out"), "--shell", request.param, "--images", "4"]
    assert main(words) == 0
    return folder / "out"


def play(folder: Path, simulator: str, *words: str) -> subprocess.CompletedProcess[str]:
    # Only the scripts' own tools: a Python on the path would not be noticed otherwise.
    environment = verilator_environment() if simulator == "verilator" else dict(os.environ)
    environment.pop("MAKEFLAGS", None)
    environment.pop("VERILATOR_ROOT", None)
    return subprocess.run(
        ["sh", str(folder / "testbench" / f"run_{simulator}.sh"), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_passes_whatever_the_pauses(built: Path, simulator: str) -> None:
    for words in (["+stall=0"], ["+seed=2"], ["+seed=3", "+stall=230", "+images=2"]):
        finished = play(built, simulator, *words)
        images = 2 if "+images=2" in words else 4
        assert f"PASS {5 * images} outputs compared" in finished.stdout, finished
        assert finished.returncode == 0


def test_prints_the_pace_that_the_manifest_foretells(built: Path, any_simulator: str) -> None:
    said = play(built, any_simulator, "+stall=0").stdout
    manifest = json.loads((built / "manifest.json").read_text())
    interval = re.search(r"last image (\d+) cycles after the one before", said)
    first = re.search(r"first image complete after (\d+) cycles", said)
    assert interval is not None
    assert first is not None
    assert int(interval[1]) == manifest["initiation_interval"]
    assert int(first[1]) == pytest.approx(manifest["estimated_latency"], rel=0.1)


def test_pooling_keeps_pace_with_its_input(tmp_path: Path, any_simulator: str) -> None:
    """Its output has so few elements that one lane is enough, its input has not."""
    image = Tensor.of_type("image", (8, 8, 4), INT8)
    pool = AveragePool(
        inputs=("image",), output="means", window=Window((8, 8)), minimum=-128, maximum=127
    )
    file.save(Graph((image,), (pool,), ("means",)), tmp_path / "pool.bittrue")
    words = ["build", str(tmp_path / "pool.bittrue"), "--device", "zynq7010", "--cycles", "100"]
    assert main([*words, "--out", str(tmp_path / "out"), "--shell", "stream"]) == 0
    said = play(tmp_path / "out", any_simulator, "+stall=0").stdout
    assert "PASS 8 outputs compared" in said
    # 256 codes, of which 4 divide the channels and pass in at most 100 cycles.
    assert "last image 64 cycles after the one before" in said


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    shutil.copytree(built, folder)
    return folder


def change_digit(path: Path, line: int) -> None:
    """Change the lowest digit of a line."""
    lines = path.read_text().splitlines()
    lines[line] = lines[line][:-1] + ("1" if lines[line][-1] == "0" else "0")
    path.write_text("\n".join([*lines, ""]))


def test_names_the_first_wrong_output(copy: Path, any_simulator: str) -> None:
    expected = (copy / "testbench" / "expected.hex").read_text().splitlines()
    assert len(expected) in (20, 4)  # One lane, or five.
    beats = len(expected) // 4
    change_digit(copy / "testbench" / "expected.hex", 3 * beats - 1)
    finished = play(copy, any_simulator)
    element = 4 if beats == 5 else 0
    assert f"FAIL: image 2, element {element} (pixel 0, channel {element})" in finished.stdout
    assert "PASS" not in finished.stdout
    assert finished.returncode == 1


def test_a_wrong_weight_does_not_pass(copy: Path, any_simulator: str) -> None:
    for path in (copy / "verilog").glob("*weights.hex"):
        change_digit(path, 0)
    finished = play(copy, any_simulator)
    assert "FAIL: image 0" in finished.stdout
    assert finished.returncode == 1


def test_a_circuit_that_stops_does_not_pass(copy: Path, any_simulator: str) -> None:
    bench = copy / "testbench" / "testbench.v"
    bench.write_text(bench.read_text().replace("in_valid <= 1;", "in_valid <= offered < 50;"))
    finished = play(copy, any_simulator)
    assert "FAIL: nothing moved for" in finished.stdout
    assert finished.returncode == 1


def test_missing_files_and_wrong_arguments_are_named(copy: Path, any_simulator: str) -> None:
    finished = play(copy, any_simulator, "+images=5")
    assert "FAIL: allowed are +images=1 to 4" in finished.stdout
    assert finished.returncode == 1
    missing = sorted((copy / "verilog").glob("*.hex"))[0]
    missing.unlink()
    finished = play(copy, any_simulator)
    message = f"run_{any_simulator}.sh: verilog/{missing.name} is missing; build the folder again\n"
    assert finished.stderr == message
    assert finished.returncode == 2
