"""The drivers in an output folder against the Verilog in it, and faults that must not pass."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bittrue
from bittrue.flows.building.output_folder import MANIFEST
from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.golden.graph import Graph, Quantization
from cocotb_tests.building.networks import quantized_single, two_ends, wide

BENCH = "cocotb_tests.building.driver_bench"
IMAGES = 3

NETWORKS = {"quantized": quantized_single, "two ends": two_ends, "wide": wide}


TOP = "accelerator_net"


class Built:
    """A network, the folder of its build, images, and what golden makes of them."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.graph = graph
        self.folder = folder / "net"
        bittrue.build(bittrue.plan(graph, "zynq7020", 200), self.folder, "net")
        self.images = images_of(graph)
        self.expected = bittrue.predict(graph, self.images)

    @property
    def driver(self) -> Path:
        return self.folder / "drivers" / f"{TOP}.py"


def images_of(graph: Graph) -> dict[str, Any]:
    """Return images in the layout of the model: real values where the tensor has a scale."""
    rng = np.random.default_rng(2)
    images: dict[str, Any] = {}
    for tensor in graph.inputs:
        shape = (IMAGES, *(tensor.shape[axis] for axis in layout_of(graph, tensor.name)))
        if tensor.name in graph.quantization:
            images[tensor.name] = rng.normal(0, 3, shape)
        else:
            images[tensor.name] = rng.integers(tensor.minimum, tensor.maximum, shape, endpoint=True)
    return images


def layout_of(graph: Graph, name: str) -> tuple[int, ...]:
    return graph.layouts.get(name, tuple(range(len(graph.tensors[name].shape))))


def real(graph: Graph, codes: Mapping[str, Any]) -> dict[str, Any]:
    """Return codes as the numbers that they stand for, by rational arithmetic."""
    return {
        name: np.array(_numbers(graph.quantization.get(name), each)) for name, each in codes.items()
    }


def _numbers(quantization: Quantization | None, codes: Any) -> Any:
    if quantization is None:
        return codes
    zero = quantization.encoding.zero_point
    flat = [float(quantization.scale) * (int(code) - zero) for code in codes.ravel()]
    return np.array(flat).reshape(codes.shape)


def simulate(network: Built, driver: str, simulator: str, builds: Path, work: Path) -> str:
    """Run a driver against the Verilog of a folder, and return what it printed."""
    folder, top = network.folder, TOP
    for rom in (folder / "verilog").glob("*.hex"):
        shutil.copy(rom, work)
    for name, stored in (
        ("images", network.images),
        ("expected", network.expected),
        ("real", real(network.graph, network.expected)),
    ):
        np.savez(work / f"{name}.npz", allow_pickle=False, **stored)
    (work / "driver.py").write_text(driver)
    (work / "plan.json").write_text(json.dumps({"driver": str(work / "driver.py")}))
    manifest = json.loads((folder / MANIFEST).read_text())
    verilog = folder / "verilog" / f"{top}.v"
    if simulator == "icarus":
        timed = work / f"{top}.v"
        timed.write_text("`timescale 1ns/1ps\n" + verilog.read_text())
        build = icarus.build("driver", [timed], top, builds)
    else:
        public = work / "ports.vlt"
        ports = [
            f'public_flat_rw -module "{top}" -var "{port["name"]}"' for port in manifest["ports"]
        ]
        public.write_text("\n".join(["`verilator_config", *ports, ""]))
        build = verilator.build(
            "driver",
            [public, verilog],
            top,
            builds,
            optimisation="-O0",
            main=verilator.COCOTB_MAIN,
        )
    run(simulator, build, top, BENCH, work, timeout=200)
    return (work / "log.txt").read_text()


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(NETWORKS[request.param](), tmp_path_factory.mktemp(request.param))


def test_the_python_driver_predicts_what_golden_computes(
    network: Built, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    said = simulate(network, network.driver.read_text(), any_simulator, builds, tmp_path)
    assert f"driver: {2 * IMAGES} images" in said


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
        simulate(network, wrong, any_simulator, builds, tmp_path)
