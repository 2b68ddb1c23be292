"""The statuses of commands, and their end on SIGINT, whatever is being done."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.flows.command_status import STATUSES, status_of
from bittrue.flows.simulation.simulators.build_once import BuildError
from bittrue.flows.simulation.simulators.run import SimulationError
from bittrue.flows.synthesis.yosys import SynthesisError
from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.graph import file
from tests.support.graphs import codes_of, convolution, single
from tests.support.paths import ROOT

SECONDS = 10.0
"""In which an interrupted command ends, on a machine with other work."""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UserError("no such thing"), 2, "unit: no such thing"),
        (ExecutionError("no room"), 3, "unit: no room"),
        (BuildError("g++ failed"), 3, "unit: g++ failed"),
        (SimulationError("it crashed"), 3, "unit: it crashed"),
        (SynthesisError("Yosys failed"), 3, "unit: Yosys failed"),
        (PermissionError(13, "Permission denied", "/out/x.v"), 3, "/out/x.v: Permission denied"),
        (OSError(28, "No space left on device"), 3, "unit: No space left on device"),
        (KeyboardInterrupt(), 130, "unit: interrupted"),
    ],
)
def test_every_end_has_its_status_and_one_line(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert status_of("unit", fail) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_results_are_statuses_and_faults_of_ours_are_not_hidden(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (status_of("unit", lambda: 0), status_of("unit", lambda: 1)) == (0, 1)
    assert status_of("unit", lambda: 1 // 0) == 4
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError" in said
    assert said.endswith("unit: this is a fault of bittrue's own; please report it with the lines "
                         "above\n")  # fmt: skip


def test_output_that_nobody_reads_ends_the_command_quietly() -> None:
    program = (
        "import sys\n"
        "from bittrue.flows.command_status import status_of\n"
        "sys.exit(status_of('unit', lambda: print('x' * 1_000_000) or 0))\n"
    )
    command = f'{{ {sys.executable} -c "$0"; echo $? >&2; }} | head -c 1'
    finished = subprocess.run(
        ["sh", "-c", command, program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (finished.stdout, finished.stderr) == ("x", "141\n")


def test_help_and_readme_name_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert STATUSES in capsys.readouterr().out
    readme = (ROOT / "README.md").read_text()
    for line in STATUSES.splitlines()[1:]:
        status, meaning = line.split(maxsplit=1)
        assert f"| {status} | {meaning} |" in readme


def test_what_programs_say_becomes_one_line() -> None:
    assert what_failed("warning\n\n%Error: a.v:3: no\n  Error: two\nbye") == (
        "%Error: a.v:3: no / Error: two"
    )
    assert what_failed("a\nb\nc\nd") == "b / c / d"
    assert what_failed("") == "it said nothing"
    with pytest.raises(ExecutionError, match="no-such-program: No such file or directory"):
        run_program(["no-such-program"])


def start(program: str, folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests may have SIGINT ignored, which programs inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


STUBBORN = {
    "lost in __del__": """
class Slow:
    def __del__(self):
        time.sleep(0.05)
def work():
    while True:
        Slow()
""",
    "lost in an except": """
def work():
    while True:
        try:
            time.sleep(0.05)
        except:
            pass
""",
    "made another error": """
def work():
    try:
        time.sleep(60)
    except BaseException:
        raise ImportError("numpy")
""",
    "in a program": """
from bittrue.golden.child_process import run_program
def work():
    run_program(["sh", "-c", "sleep 60 & echo $! > pid; wait"])
""",
}
GUARDED = """
import sys, time
from bittrue.flows.command_status import status_of
{work}
print("ready")
sys.exit(status_of("unit", work))
"""


@pytest.mark.parametrize("case", STUBBORN)
def test_sigint_ends_what_would_go_on(case: str, tmp_path: Path) -> None:
    process = start(GUARDED.format(work=STUBBORN[case]), tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, complained = process.communicate(timeout=60)
    assert time.monotonic() - began < SECONDS
    assert process.returncode == 130
    assert complained.startswith("unit: ")
    assert complained.count("\n") == 1
    if case == "in a program":
        assert not alive(int((tmp_path / "pid").read_text()))


def test_without_the_guard_the_interruption_is_lost(tmp_path: Path) -> None:
    """What the tests above would look like if nothing ended it."""
    work = STUBBORN["lost in __del__"]
    process = start(f"import time\n{work}\nprint('ready')\nwork()", tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.kill()
    process.communicate()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


INTERRUPTED = """
import importlib, os, signal, sys, threading
from bittrue.cli import main

def interrupting(function):
    def wrapped(*arguments, **options):
        print("there", flush=True)
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
        return function(*arguments, **options)
    return wrapped

module, _, name = sys.argv[1].rpartition(".")
module = importlib.import_module(module)
setattr(module, name, interrupting(getattr(module, name)))
sys.exit(main(sys.argv[2:]))
"""
MOMENTS = {
    "certify": ("bittrue.planning.certify", "icarus"),
    "plan": ("bittrue.planning.plan_network", "icarus"),
    "Amaranth": ("amaranth.back.rtlil.convert_fragment", "icarus"),
    "Yosys": ("bittrue.hdl.printer.verilog_output.run_program", "icarus"),
    "Verilator": ("bittrue.flows.simulation.simulators.verilator.run_program", "verilator"),
    "compiler": ("bittrue.flows.simulation.simulators.verilator._compile", "verilator"),
    "simulation": ("bittrue.flows.simulation.bench.cosimulation.run", "icarus"),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = single(*convolution())
    folder = tmp_path_factory.mktemp("model")
    file.save(graph, folder / "small.bittrue")
    np.save(folder / "x.npy", codes_of(graph.inputs[0], 4_000).astype(np.int8))
    return folder


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigint_ends_a_simulation_at_any_moment(moment: str, model: Path, tmp_path: Path) -> None:
    place, simulator = MOMENTS[moment]
    words = ["sim", str(model / "small.bittrue"), "--input", str(model / "x.npy")]
    words += ["--output", "y.npy", "--cycles", "500", "--sim", simulator]
    interrupted(place.format(command="sim"), words, tmp_path)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert {path.name for path in left} <= {"bench.v", "network.v", "bench.vlt", "sim.vvp"}


def test_sigint_ends_a_build(model: Path, tmp_path: Path) -> None:
    words = ["build", str(model / "small.bittrue"), "--device", "zynq7020", "--output", "out"]
    interrupted("amaranth.back.rtlil.convert_fragment", words, tmp_path)
    assert list(tmp_path.iterdir()) == []


def interrupted(place: str, words: list[str], folder: Path) -> None:
    process = start(INTERRUPTED, folder, place, *words)
    assert process.stdout is not None
    said = ""
    while "there" not in said:
        said = process.stdout.readline()
        assert said, process.stderr.read() if process.stderr else ""
    began = time.monotonic()
    _, complained = process.communicate(timeout=60)
    assert time.monotonic() - began < SECONDS
    assert process.returncode == 130, complained
    assert complained.count("\n") == 1
    assert f"bittrue {words[0]}: " in complained
    # Nobody works on in that folder.
    links = [link for link in Path("/proc").glob("[0-9]*/cwd") if follows(link, folder)]
    assert links == []


def follows(link: Path, folder: Path) -> bool:
    try:
        return link.resolve().is_relative_to(folder)
    except OSError:
        return False
