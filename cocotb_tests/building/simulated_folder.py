"""The Verilog of an output folder in a simulator, with a bench of cocotb."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import bittrue
from bittrue.flows.building.output_folder import MANIFEST
from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.flows.simulation.simulators.run import run
from bittrue.golden.graph import Graph, Quantization

IMAGES = 3
TOP = "accelerator_net"


class Built:
    """A network, the folder of its build, images, and what golden makes of them."""

    def __init__(self, graph: Graph, folder: Path, shell: str = "axi") -> None:
        self.graph = graph
        self.folder = folder / "net"
        bittrue.build(bittrue.plan(graph, "zynq7020", 200, shell=shell), self.folder, "net")
        self.manifest = json.loads((self.folder / MANIFEST).read_text())
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


def simulate(
    network: Built,
    bench: str,
    plan: Mapping[str, object],
    samples: Mapping[str, Mapping[str, Any]],
    simulator: str,
    builds: Path,
    work: Path,
) -> str:
    """Run a bench against the Verilog of a folder, and return what it printed."""
    for rom in (network.folder / "verilog").glob("*.hex"):
        shutil.copy(rom, work)
    for name, stored in samples.items():
        np.savez(work / f"{name}.npz", allow_pickle=False, **stored)
    (work / "plan.json").write_text(json.dumps(plan))
    verilog = network.folder / "verilog" / f"{TOP}.v"
    if simulator == "icarus":
        timed = work / f"{TOP}.v"
        timed.write_text("`timescale 1ns/1ps\n" + verilog.read_text())
        build = icarus.build("driver", [timed], TOP, builds)
    else:
        public = work / "ports.vlt"
        ports = [
            f'public_flat_rw -module "{TOP}" -var "{port["name"]}"'
            for port in network.manifest["ports"]
        ]
        public.write_text("\n".join(["`verilator_config", *ports, ""]))
        build = verilator.build(
            "driver",
            [public, verilog],
            TOP,
            builds,
            optimisation="-O0",
            main=verilator.COCOTB_MAIN,
        )
    run(simulator, build, TOP, bench, work, timeout=200)
    return (work / "log.txt").read_text()
