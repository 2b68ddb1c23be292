"""What is installed is complete, owns one name, and minds no folder that it is used in."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGE_DATA: dict[str, list[str]] = SETTINGS["tool"]["setuptools"]["package-data"]
INSTALLED_ANYWAY = {"py.typed"}
ROOMS = ("golden", "hdl", "flows")


def left_out(patterns: Mapping[str, list[str]]) -> set[Path]:
    """Return the files beside the code that no pattern names."""
    files = {
        path
        for package in ("bittrue", *ROOMS)
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    named = {
        path
        for package in patterns
        for each in patterns[package]
        for path in (ROOT / package.removeprefix("bittrue.")).glob(each)
    }
    return {path for path in files - named if path.name not in INSTALLED_ANYWAY}


def test_every_file_beside_the_code_is_installed() -> None:
    assert left_out(PACKAGE_DATA) == set()


@pytest.mark.parametrize("package", PACKAGE_DATA)
def test_a_pattern_that_is_missing_is_noticed(package: str) -> None:
    """Negative control."""
    assert left_out({name: PACKAGE_DATA[name] for name in PACKAGE_DATA if name != package})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a package is made from, without anything built."""
    folder = tmp_path_factory.mktemp("source") / "bittrue"
    folder.mkdir()
    for name in ("bittrue", *ROOMS):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "PACKAGE.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    pip(sys.executable, *words, str(source.parent), str(source))
    (found,) = source.parent.glob("*.whl")
    return found


def pip(python: str | Path, *words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command += ["--python", str(python)] if python != sys.executable else []
    finished = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_the_wheel_owns_one_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bittrue"}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"bittrue/{path.relative_to(ROOT)}" in names


HOSTILE = {
    "flows/__init__.py": 'MINE = "flows of the user"\n',
    "flows/layers.py": """
import torch
import golden
from hdl.sizes import OUTPUTS

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(golden.SEED)
        self.dense = torch.nn.Linear(4, OUTPUTS)

    def forward(self, x):
        import flows.late  # At the time of a call, too.
        return self.dense(x) + flows.late.NOTHING
""",
    "flows/late.py": "NOTHING = 0.0\n",
    "hdl/__init__.py": "",
    "hdl/sizes.py": "OUTPUTS = 3\n",
    "golden/__init__.py": "SEED = 7\n",
    "net.py": "from flows.layers import Net\n",
    "use.py": """
import flows, golden, hdl, hdl.sizes, numpy
import bittrue
from flows.layers import Net
graph = bittrue.quantize(Net(), numpy.load("x.npy"))
bittrue.save(graph, "from-python.bittrue")
assert flows.MINE and hdl.sizes.OUTPUTS == 3 and golden.SEED == 7
""",
}
"""A project of somebody who calls packages as the project does its rooms."""


@pytest.fixture(params=["wheel", pytest.param("editable", marks=pytest.mark.regress)])
def python(request: pytest.FixtureRequest, source: Path, tmp_path: Path) -> Path:
    """Return the Python of a new virtual environment in which bittrue is installed."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # What bittrue needs is that of this environment, whose own bittrue is not seen: a path in a
    # .pth file has its packages seen, and not its .pth files obeyed.
    needed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "needed.pth").write_text("\n".join(needed) + "\n")
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    if request.param == "wheel":
        words.append(str(request.getfixturevalue("wheel")))
    else:
        words += ["--editable", str(source)]
    pip(environment / "bin" / "python", *words)
    return environment / "bin" / "python"


def test_packages_of_the_same_names_neither_break_it_nor_are_broken(
    python: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    for name, text in HOSTILE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    make = "import numpy; numpy.save('x.npy', numpy.random.default_rng(1).random((32, 4)))"

    def run(*command: str | Path) -> str:
        finished = subprocess.run(
            [str(word) for word in command],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    command = python.with_name("bittrue")
    run(python, "-c", make)
    run(python, "use.py")
    words = ["quantize", "net.py:Net", "--calibration", "x.npy", "--output", "net.bittrue"]
    run(python, "-m", "bittrue", *words)
    assert (folder / "net.bittrue").read_bytes() == (folder / "from-python.bittrue").read_bytes()
    run(command, "build", "net.bittrue", "--device", "ecp5-25f", "--output", "verilog")
    words = ["--input", "x.npy", "--output", "y.npy", "--sim", "icarus"]
    said = run(python, "-m", "bittrue", "sim", "net.bittrue", *words)
    assert "96 codes compared, 0 differed" in said
    # Negative control: in this folder, these names are the user's.
    said = run(python, "-c", "import flows, hdl, golden; print(flows.MINE, flows.__file__)")
    assert said == f"flows of the user {folder}/flows/__init__.py\n"
    assert "bittrue" in run(python, "-c", "import bittrue; print(bittrue.__file__)")


def dead_on_an_index(text: str) -> list[str]:
    """Return links that lead to a file beside the text, where an index has none."""
    return [link for link in re.findall(r"\]\(([^)]*)\)", text) if "://" not in link]


def test_what_an_index_shows_has_no_dead_links() -> None:
    assert dead_on_an_index((ROOT / SETTINGS["project"]["readme"]).read_text()) == []
    assert dead_on_an_index("see [here](docs/here.md), [there](https://x/y)") == ["docs/here.md"]


def commands_of_the_description() -> list[str]:
    """Return what the description says to type, but the installation."""
    text = (ROOT / SETTINGS["project"]["readme"]).read_text()
    block = re.search(r"```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    first, *rest = block[1].splitlines()
    assert first == "pip install bittrue"
    return rest


@pytest.mark.regress
@pytest.mark.parametrize("python", ["wheel"], indirect=True)
def test_the_description_is_followed_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    said = ""
    for command in commands_of_the_description():
        program, *words = shlex.split(command)
        finished = subprocess.run(
            [python.parent / program, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        said = finished.stdout
    assert ", 0 differed, on verilator" in said


@pytest.mark.regress
def test_tests_of_the_source_distribution_run(tmp_path: Path) -> None:
    """Those that read most of what is not code; all are there."""
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns(
        ".*_cache", "__pycache__", ".git", ".venv", "sim_build", "build", "*.egg-info", "dist"
    )
    shutil.copytree(ROOT, tree, symlinks=True, ignore=ignored)
    program = "from setuptools.build_meta import build_sdist; import sys; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=tree, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    for suite in ("tests", "cocotb_tests"):
        files = {path.relative_to(ROOT) for path in (ROOT / suite).rglob("*.py")}
        assert files == {path.relative_to(unpacked) for path in (unpacked / suite).rglob("*.py")}
    words = ["-q", "-p", "no:cacheprovider", "tests/test_floors.py", "tests/test_layout.py"]
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *words,
            "tests/flows/building",
            "tests/docs/test_names.py",
        ],
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
