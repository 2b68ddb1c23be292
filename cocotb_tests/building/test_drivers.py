"""The drivers in an output folder against the Verilog in it, and faults that must not pass."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.arguments.code_files import in_graph_layout
from bittrue.flows.simulation.simulators.run import SimulationError
from cocotb_tests.building.networks import quantized_single, two_ends, wide
from cocotb_tests.building.simulated_folder import IMAGES, TOP, Built, real, simulate

PYTHON = "cocotb_tests.building.driver_bench"
C = "cocotb_tests.building.c_driver_bench"
HERE = Path(__file__).parent

NETWORKS = {"quantized": quantized_single, "two ends": two_ends, "wide": wide}


def run_python(network: Built, driver: str, simulator: str, builds: Path, work: Path) -> str:
    """Run a Python driver, and return what it printed."""
    (work / "driver.py").write_text(driver)
    plan = {"driver": str(work / "driver.py")}
    samples = {
        "images": network.images,
        "expected": network.expected,
        "real": real(network.graph, network.expected),
    }
    return simulate(network, PYTHON, plan, samples, simulator, builds, work)


def run_c(network: Built, driver: str, simulator: str, builds: Path, work: Path) -> str:
    """Compile a C driver and run it, and return what it printed."""
    source, library = work / "driver.c", work / "driver.so"
    source.write_text(driver)
    command = ["gcc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command += ["-include", str(HERE / "c_board.h"), f"-I{network.folder / 'drivers'}"]
    subprocess.run([*command, "-o", str(library), str(source), "-lm"], check=True)
    graph, manifest = network.graph, network.manifest
    addresses = {each["name"]: each["address"] for each in manifest["registers"]}
    names = ("control", "identification", "build")
    plan = {
        "library": str(library),
        "top": TOP,
        "inputs": [_image(end) for end in _ends(manifest, "input")],
        "outputs": [_image(end) for end in _ends(manifest, "output")],
        **{name: addresses[name] for name in names},
    }
    expected = {n: in_graph_layout(graph, n, each) for n, each in network.expected.items()}
    samples = {
        "images": {n: in_graph_layout(graph, n, each) for n, each in network.images.items()},
        "expected": expected,
        "real": real(graph, expected),
    }
    return simulate(network, C, plan, samples, simulator, builds, work)


def _ends(manifest: Mapping[str, Any], name: str) -> list[Any]:
    return manifest[f"{name}s"] if f"{name}s" in manifest else [manifest[name]]


def _image(end: Mapping[str, Any]) -> dict[str, object]:
    elements = int(np.prod(end["shape"]))
    return {
        "tensor": end["tensor"],
        "stream": end["stream"],
        "elements": elements,
        "bytes": elements * end["bits_per_lane"] // 8,
    }


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(NETWORKS[request.param](), tmp_path_factory.mktemp(request.param))


def test_the_python_driver_predicts_what_golden_computes(
    network: Built, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    said = run_python(network, network.driver.read_text(), any_simulator, builds, tmp_path)
    assert f"driver: {2 * IMAGES} images" in said


def test_the_c_driver_computes_what_golden_computes(
    network: Built, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    text = network.driver.with_suffix(".c").read_text()
    said = run_c(network, text, any_simulator, builds, tmp_path)
    assert said.count(f"driver: {IMAGES} images") == 2


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(quantized_single(), tmp_path_factory.mktemp("crossing"), "axi-clocks")


def test_the_drivers_work_where_clocks_have_nothing_to_do_with_each_other(
    crossing: Built, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    python, c = tmp_path / "python", tmp_path / "c"
    python.mkdir()
    c.mkdir()
    said = run_python(crossing, crossing.driver.read_text(), any_simulator, builds, python)
    assert f"driver: {2 * IMAGES} images" in said
    text = crossing.driver.with_suffix(".c").read_text()
    assert run_c(crossing, text, any_simulator, builds, c).count(f"driver: {IMAGES} images") == 2


FAULTS = {
    "np.rint(": "np.floor(",
    "np.moveaxis(codes, range(codes.ndim), places)": "codes",
    "codes ^ half": "codes",
    "raw[place][image] = buffers[image % 2]": "raw[place][image] = buffers[0]",
}


@pytest.mark.parametrize("network", ["quantized"], indirect=True)
@pytest.mark.parametrize("right", FAULTS)
def test_faults_of_the_driver_are_noticed(
    network: Built, right: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    text = network.driver.read_text()
    assert right in text
    wrong = text.replace(right, FAULTS[right])
    with pytest.raises(SimulationError, match="1 of 3 tests failed"):
        run_python(network, wrong, any_simulator, builds, tmp_path)


C_FAULTS = {
    "bits << 8 | bytes[byte]": ("bits << 7 | bytes[byte]", 2),
    "RUN | (interrupts ?": ("RUN | (!interrupts ?", 1),
}


@pytest.mark.parametrize("network", ["wide"], indirect=True)
@pytest.mark.parametrize(
    "right",
    [
        "bits << 8 | bytes[byte]",
        pytest.param("RUN | (interrupts ?", marks=pytest.mark.regress),  # It waits for a timeout.
    ],
)
def test_faults_of_the_c_driver_are_noticed(
    network: Built, right: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    text = network.driver.with_suffix(".c").read_text()
    wrong, failures = C_FAULTS[right]
    assert right in text
    with pytest.raises(SimulationError, match=f"{failures} of 3 tests failed"):
        run_c(network, text.replace(right, wrong), any_simulator, builds, tmp_path)
