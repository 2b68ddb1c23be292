"""Wrong requests: one line that names what is wrong and what is allowed, exit status 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    finished = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"} | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("cocotb_tests requantt", "no unit is named 'requantt'; choose one of requant"),
        ("cocotb_tests requant --sim vcs", "no simulator is named 'vcs'; choose one of verilator"),
        ("cocotb_tests requant --seed 0", "SEED is '0'; allowed: 1 to 4294967295"),
        ("cocotb_tests requant outputs=int8", "'outputs=int8' is no parameter; write name=value"),
        ("cocotb_tests requant output=int99", "output: width is 99; allowed: 1 to 64 bits"),
        ("cocotb_tests requant output=int33", "output is int33; allowed: 1 to 32 bits"),
        ("bittrue verilog mac9", "no unit is named 'mac9'; choose one of requant"),
        (
            "bittrue synth requant --family zynq",
            "no device family is named 'zynq'; choose",
        ),
        ("bittrue verilog requant roundings=up", "no rounding is named 'up'; choose from"),
        ("bittrue", "bittrue: the following arguments are required: COMMAND; 'bittrue --help' "),
        ("bittrue bild", "bittrue: argument COMMAND: invalid choice: 'bild' (choose from "),
        ("bittrue run x.tflite", "bittrue run: the following arguments are required: --input"),
        ("bittrue digits --sed 1", "unrecognized arguments: --sed 1; 'bittrue --help' explains"),
        (
            "bittrue.flows.formal mac --timeout x",
            "argument --timeout: invalid int value: 'x'; 'python -m",
        ),
        ("cocotb_tests --sim", "argument --sim: expected one argument; 'python -m cocotb_tests --"),
    ],
)
def test_wrong_requests(command: str, message: str, tmp_path: Path) -> None:
    status, said = run(*command.split(), cwd=tmp_path)
    assert status == 2
    assert message in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_simulator_is_an_error_that_says_how_to_get_it(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path)}
    status, said = run("cocotb_tests", "requant", "--sim", "icarus", cwd=tmp_path, env=nothing)
    assert status == 3
    assert "icarus needs iverilog, which is missing" in said
    assert "apt-get install iverilog" in said
    status, said = run("cocotb_tests", "requant", cwd=tmp_path, env=nothing)
    assert status == 3
    assert "verilator needs g++, which is missing" in said


def test_verilog_is_written_whole(tmp_path: Path) -> None:
    status, said = run("bittrue", "verilog", "requant", "--output", "out", cwd=tmp_path)
    assert (status, said) == (0, "")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["requant.v", "requant.vlt"]


def test_generating_verilog_imports_no_torch() -> None:
    program = (
        "import sys\nfrom bittrue.flows.units import UNITS\n"
        "from bittrue.hdl.printer.verilog_output import to_verilog\n"
        "unit = UNITS['requant']; to_verilog(unit.build(**unit.parse([])), 'requant')\n"
        "sys.exit('torch' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert finished.returncode == 0
