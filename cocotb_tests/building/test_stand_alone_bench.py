"""The stand-alone testbench of an output folder, run by its own scripts without Python."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.simulation.simulators.toolchain import verilator_environment
from bittrue.golden.graph import FixedPoint, Graph, Tensor, Window, file
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from cocotb_tests.building.stand_alone import change_digit, play, texts_of, with_verilated_bench

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
def built(
    request: pytest.FixtureRequest, builds: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("build")
    file.save(network(), folder / "pair.bittrue")
    words = ["build", str(folder / "pair.bittrue"), "--device", "ecp5-25f", "--cycles", "400"]
    # The name has a space, which make and shell scripts stumble over.
    words += ["--output", str(folder / "the output"), "--shell", request.param, "--images", "4"]
    assert main(words) == 0
    return with_verilated_bench(folder / "the output", builds)


def test_passes_whatever_the_pauses(built: Path, simulator: str) -> None:
    for words in (["+stall=0"], ["+seed=2"], ["+seed=3", "+stall=230", "+images=2"]):
        finished = play(built, simulator, *words)
        images = 2 if "+images=2" in words else 4
        assert f"PASS {5 * images} outputs compared" in finished.stdout, finished
        assert finished.returncode == 0


def test_passes_with_clocks_of_their_own(tmp_path: Path, any_simulator: str, builds: Path) -> None:
    file.save(network(), tmp_path / "pair.bittrue")
    words = ["build", str(tmp_path / "pair.bittrue"), "--device", "zynq7020", "--cycles", "400"]
    folder = tmp_path / "out"
    assert main([*words, "--output", str(folder), "--shell", "axi-clocks", "--images", "4"]) == 0
    said = play(with_verilated_bench(folder, builds), any_simulator, "+seed=2").stdout
    assert "PASS 20 outputs compared" in said
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["further_clocks"] == ["axis_aclk", "s_axi_aclk"]
    constraints = (folder / "synthesis" / "clock.xdc").read_text()
    assert "-group aclk -group axis_aclk -group s_axi_aclk" in constraints


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
    assert main([*words, "--output", str(tmp_path / "out"), "--shell", "stream"]) == 0
    said = play(tmp_path / "out", any_simulator, "+stall=0").stdout
    assert "PASS 8 outputs compared" in said
    # 256 codes, of which 4 divide the channels and pass in at most 100 cycles.
    assert "last image 64 cycles after the one before" in said


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "the output"
    shutil.copytree(built, folder)
    return folder


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
    for words in (["+images=5"], ["+images=0"], ["+images=x"], ["+stall=256"], ["+seed=x"]):
        finished = play(copy, any_simulator, *words)
        assert "FAIL: allowed are +images=1 to 4" in finished.stdout
        assert finished.returncode == 1
    missing = sorted((copy / "verilog").glob("*.hex"))[0]
    missing.unlink()
    finished = play(copy, any_simulator)
    message = f"run_{any_simulator}.sh: verilog/{missing.name} is missing; build the folder again\n"
    assert finished.stderr == message
    assert finished.returncode == 3


def change_line(name: str, line: int, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Return what changes a line of a file of the testbench; ``""`` drops it."""

    def fault(folder: Path) -> None:
        path = folder / "testbench" / name
        lines = path.read_text().splitlines(keepends=True)
        lines[line] = change(lines[line])
        path.write_text("".join(lines))

    return fault


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "testbench" / name).unlink()


FAULTS = {
    "x expected": (change_line("expected.hex", 1, lambda line: "x" + line[1:]), "not a number of"),
    "z offered": (change_line("stimulus.hex", 5, lambda line: line[:-2] + "z\n"), "line 6: not a"),
    "short expected": (change_line("expected.hex", -1, lambda line: ""), "expected.hex ends in"),
    "short stimulus": (change_line("stimulus.hex", 0, lambda line: ""), "stimulus.hex ends in"),
    "cut off": (change_line("expected.hex", -1, lambda line: line[:-1]), "expected.hex ends in"),
    "too long": (change_line("expected.hex", 0, lambda line: 2 * line), "has more than the"),
    "long line": (change_line("expected.hex", 2, lambda line: "0" + line), "line 3: not a number"),
    "no expected": (remove("expected.hex"), "../testbench/expected.hex cannot be opened"),
    "no stimulus": (remove("stimulus.hex"), "../testbench/stimulus.hex cannot be opened"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_numbers_to_compare_with_is_no_pass(fault: str, copy: Path, simulator: str) -> None:
    change, message = FAULTS[fault]
    change(copy)
    finished = play(copy, simulator)
    assert re.search(f"^FAIL: .*{re.escape(message)}", finished.stdout, re.MULTILINE), finished
    assert "PASS" not in finished.stdout
    assert finished.returncode == 1
    assert by_hand(copy, simulator).returncode == 1


def test_unknown_outputs_are_no_pass(copy: Path, simulator: str) -> None:
    """In Verilator, which knows no x, what no file sets is a random number."""
    for path in (copy / "verilog").glob("*weights.hex"):
        path.write_text(re.sub("[0-9a-f]", "x", path.read_text()))
    finished = play(copy, simulator)
    unknown = "beat 0 of .* has unknown bits" if simulator == "icarus" else "element 0 .*: expected"
    assert re.search(f"^FAIL: image 0, {unknown}", finished.stdout, re.MULTILINE), finished
    assert finished.returncode == 1


@pytest.mark.parametrize(
    ("text", "wrong", "message"),
    [
        ("lane < LANES; lane", "lane < 0; lane", "FAIL: 0 outputs compared, not 20"),
        ("wanted = expected[taken]", "wanted = 'bx", "has unknown bits: expected x"),
        ("assign started =", "assign started = 0 &", "FAIL: nothing moved for"),
        ("assign closed =", "assign closed = 0 &", "FAIL: nothing moved for"),
    ],
)
def test_a_bench_that_compares_nothing_does_not_pass(
    text: str, wrong: str, message: str, copy: Path
) -> None:
    bench = copy / "testbench" / "testbench.v"
    assert bench.read_text().count(text) == 1
    bench.write_text(bench.read_text().replace(text, wrong))
    finished = play(copy, "icarus")
    assert message in finished.stdout
    assert finished.returncode == 1


def by_hand(folder: Path, simulator: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the testbench without its scripts; return what the simulator says, and its status."""
    if simulator == "icarus":
        compile_bench(folder, simulator)
        return simulate(folder, "vvp", "-n", folder / "by_hand", *words)
    (program,) = (folder / "build" / "verilator").glob("testbench-*")
    return simulate(folder, program, *words)


def compile_bench(folder: Path, simulator: str, *options: str) -> None:
    """Compile design and testbench to a program ``by_hand``."""
    (design,) = (folder / "verilog").glob("*.v")
    sources = [folder / "testbench" / "testbench.v", design]
    if simulator == "icarus":
        command = ["iverilog", "-g2005", "-s", "testbench", *options, "-o", str(folder / "by_hand")]
        subprocess.run([*command, *map(str, sources)], check=True)
        return
    command = ["verilator", "--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "-Wno-style"]
    command += ["--top-module", "testbench", "-o", "by_hand", "-MAKEFLAGS"]
    command += ["CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_GLOBAL=-O0", *options]
    with TemporaryDirectory() as work:
        for path in (*sources, folder / "testbench" / "testbench.cpp"):
            command.append(str(shutil.copy(path, work)))
        environment = verilator_environment() | {"MAKEFLAGS": ""}
        subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True)
        shutil.copy(Path(work) / "obj_dir" / "by_hand", folder)


def simulate(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder / "verilog", capture_output=True, text=True, check=False, timeout=60
    )


def test_the_folder_of_its_files_is_a_plusarg(copy: Path, simulator: str) -> None:
    assert play(copy, simulator).returncode == 0
    for name in ("stimulus.hex", "expected.hex"):
        (copy / "testbench" / name).rename(copy / name)
    for words, status in (([], 1), (["+folder=.."], 0), ([f"+folder={copy}"], 0)):
        for finished in (play(copy, simulator, *words), by_hand(copy, simulator, *words)):
            assert finished.returncode == status, finished
            assert ("PASS 20 outputs compared" in finished.stdout) == (status == 0)


@pytest.mark.parametrize("built", ["stream"], indirect=True)
@pytest.mark.regress_on("verilator")
def test_the_folder_of_its_files_is_a_parameter(copy: Path, simulator: str, builds: Path) -> None:
    option = "-Ptestbench.FOLDER=" if simulator == "icarus" else "-GFOLDER="

    def compile_with_parameter(partial: Path) -> None:
        compile_bench(copy, simulator, f'{option}"../elsewhere"')
        shutil.copy(copy / "by_hand", partial)

    name = f"stand_alone-{digest([*texts_of(copy), simulator])}"
    program = ["vvp", "-n"] * (simulator == "icarus")
    program += [str(build_once(builds / name, compile_with_parameter) / "by_hand")]
    (copy / "elsewhere").mkdir()
    for name in ("stimulus.hex", "expected.hex"):
        finished = simulate(copy, *program)
        assert f"FAIL: ../elsewhere/{name} cannot be opened" in finished.stdout
        assert finished.returncode == 1
        (copy / "testbench" / name).rename(copy / "elsewhere" / name)
    finished = simulate(copy, *program)
    assert "PASS 20 outputs compared" in finished.stdout
    assert finished.returncode == 0
