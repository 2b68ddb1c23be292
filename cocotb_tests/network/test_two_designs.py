"""Two designs in one project: no name of one is a name of the other, and both are right."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Scenario, Verdict, judge
from bittrue.flows.simulation.network import network_scenario
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import FixedPoint, Graph, Tensor, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.hdl.blocks.platform import RomColumns
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.spec import NetworkSpec
from bittrue.hdl.printer.verilog_output import Design, module_names, to_verilog
from cocotb_tests.bench.side_by_side import circuits_at_fault, merged

INT8 = IntegerType(8, True)
NETWORKS = {"detector": (1, 5), "detector_fast": (2, 7)}
"""Seed and outputs of each."""
FOLDERS = {name: f"ROMs of {name}" for name in NETWORKS}


def network(seed: int, outputs: int) -> Network:
    """Return a convolution and a dense layer with random weights, in ROMs of both kinds."""
    generator = np.random.default_rng(seed)
    convolution = Convolution(
        inputs=("image",),
        output="features",
        weight=generator.integers(-128, 128, (6, 3, 3, 4)),
        weight_type=INT8,
        bias=generator.integers(-1000, 1000, 6),
        requantization=FixedPoint(
            RequantChannels(RequantSpec(), multiplier=1 << 30, exponent=-8),
            Rounding.TFLITE_DOUBLE,
        ),
        window=Window((3, 3), padding=((1, 1), (1, 1))),
    )
    dense = FullyConnected(
        inputs=("flat",),
        output="scores",
        weight=generator.integers(-128, 128, (outputs, 96)),
        bias=generator.integers(-1000, 1000, outputs),
        weight_type=INT8,
    )
    image = Tensor.of_type("image", (4, 4, 4), INT8)
    flat = Reshape(inputs=("features",), output="flat", shape=(96,))
    graph = Graph((image,), (convolution, flat, dense), ("scores",))
    return Network(NetworkSpec(graph, {"features": Folding(), "scores": Folding()}))


@cache
def design(name: str, seed: int, outputs: int) -> Design:
    """Return the Verilog of a network."""
    return to_verilog(network(seed, outputs), name)


class Pair(wiring.Component):
    """Two networks, each from Verilog of its own, with its ROM files in a folder of its own."""

    def __init__(self, networks: dict[str, Network], folders: dict[str, str] | None) -> None:
        self.networks = networks
        self.folders = folders
        super().__init__(
            {
                f"{name}_{port}": flow(getattr(network, port).signature)
                for name, network in networks.items()
                for port, flow in (("i", In), ("o", Out))
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name in self.networks:
            connections: dict[str, Any] = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
            for port, forward, backward in (("i", "i", "o"), ("o", "o", "i")):
                stream = getattr(self, f"{name}_{port}")
                connections |= {
                    f"{forward}_{port}_valid": stream.valid,
                    f"{forward}_{port}_payload": Value.cast(stream.payload),
                    f"{backward}_{port}_ready": stream.ready,
                }
            if self.folders is not None:
                connections["p_ROM_FOLDER"] = self.folders[name]
            m.submodules[name] = Instance(name, **connections)
        return m


def simulate(
    simulator: str,
    builds: Path,
    work: Path,
    folders: dict[str, str] | None,
    contents: dict[str, int] | None = None,
) -> Verdict:
    """Stream images through two networks in one simulation and compare all outputs.

    Parameters
    ----------
    simulator, builds, work
        As everywhere.
    folders : dict of str to str or None
        Where the ROM files of each go; None for where the simulator runs.
    contents : dict of str to int, optional
        Seeds of networks whose weights are in the ROM files instead.
    """
    pair = Pair({name: network(*NETWORKS[name]) for name in NETWORKS}, folders)
    texts = [to_verilog(pair, "pair").verilog]
    files: dict[str, str] = {}
    columns: dict[str, RomColumns] = {}
    for name, (seed, outputs) in NETWORKS.items():
        texts.append(design(name, seed, outputs).verilog)
        filled = design(name, (contents or {}).get(name, seed), outputs)
        place = f"{folders[name]}/" if folders else ""
        files |= {f"{place}{file}": text for file, text in filled.files.items()}
        columns |= {f"{place}{file}": each for file, each in filled.rom_columns.items()}
    together = Design("pair", "\n".join(texts), files, columns)
    scenarios = [_scenario(pair.networks, stall) for stall in (0, 100)]
    cosimulation = Cosimulation(pair, together, simulator, builds, optimisation="-O0")
    return judge(cosimulation, scenarios, 1, work)


def _scenario(networks: dict[str, Network], stall: int) -> Scenario:
    own = {}
    for name, network in networks.items():
        graph = network.spec.graph
        images = {"image": np.random.default_rng(5).integers(-128, 128, (3, 4, 4, 4))}
        golden = Executor(graph).run(images, ["scores"])
        own[name] = network_scenario(
            network, f"stall {stall}", images, golden, {"i": stall, "o": stall}
        )
    return merged({name: [scenario] for name, scenario in own.items()})[0]


def names_of(design: Design) -> set[str]:
    """Return the names of everything that a design brings into a project."""
    return {*module_names(design.verilog), *design.files}


def test_both_are_right_with_rom_files_in_two_folders(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    verdict = simulate(simulator, builds, tmp_path, FOLDERS)
    assert verdict.problems == []
    assert verdict.compared == 2 * 3 * (5 + 7)


def test_both_are_right_with_rom_files_side_by_side(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    verdict = simulate(any_simulator, builds, tmp_path, None)
    assert verdict.problems == []
    assert verdict.compared == 2 * 3 * (5 + 7)


def test_other_weights_in_one_folder_are_noticed(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    """The folder is what is read: with the files of one changed, that one is wrong."""
    verdict = simulate(any_simulator, builds, tmp_path, FOLDERS, contents={"detector": 3})
    assert circuits_at_fault(verdict, list(NETWORKS)) == {"detector"}


def test_designs_share_no_name() -> None:
    """Also where one design's name begins with that of the other."""
    first, second = (names_of(design(name, *values)) for name, values in NETWORKS.items())
    assert len(first) > 10
    assert first & second == set()


def test_designs_of_one_name_share_names() -> None:
    """The test before can fail."""
    first, second = (names_of(design("detector", seed, 5)) for seed in (1, 3))
    assert first == second


@pytest.mark.parametrize("name", ["two words", "1st", "a__b", "tail_", "", "_a", "ä"])
def test_names_that_could_be_mistaken_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="a design cannot be named"):
        to_verilog(network(1, 5), name)
