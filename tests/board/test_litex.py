"""A SoC of LiteX with three accelerators, whose firmware runs images through each, in Verilator."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import litex
import numpy as np
import pytest

import bittrue
from bittrue.flows.building.output_folder import MANIFEST
from bittrue.flows.simulation.simulators.toolchain import verilator_environment
from bittrue.golden.graph import Graph
from cocotb_tests.building.networks import quantized_single, two_ends, wide

HERE = Path(__file__).parent
LITEX = Path(str(litex.__file__)).parent / "soc"
NETWORKS = {"single": quantized_single, "several": two_ends, "wide": wide}
IMAGES = 3
GCC = ["riscv64-unknown-elf-gcc", "-march=rv32im", "-mabi=ilp32", "--specs=picolibc.specs"]
FLAGS = ["-Os", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostartfiles"]

OPTIMISATION = "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
"""Little is simulated of much that is compiled."""

PROGRAM = """
#include <generated/csr.h>
{includes}
{functions}
int main(void)
{{
    {calls}
    printer_end_write(1);
    return 0;
}}
"""

FUNCTION = """
static const int64_t {name}_codes[{images}][{values}] = {{ {codes} }};

static void run_{name}(void)
{{
    struct {top} net;
    static uint32_t buffers[{words}];
    int status = {top}_litex_open(&net, {prefix}_REGISTERS_BASE);
    int image;
    uint32_t k;

    printer_word_write((uint32_t)status);
    for (image = 0; image < {images}; image++) {{
        const int64_t *codes = {name}_codes[image];
        static int64_t results[{results}];
        uint8_t *place = (uint8_t *)buffers;
        const void *in[{prefix}_INPUTS];
        void *out[{prefix}_OUTPUTS];
{body}
    }}
}}
"""

PACK = """
        {top}_pack_codes({index}, codes, place);
        in[{index}] = place;
        codes += {prefix}_{stream}_ELEMENTS;
        place += {prefix}_WORDS({prefix}_{stream}_BYTES);
"""
PLACE = """
        out[{index}] = place;
        place += {prefix}_WORDS({prefix}_{stream}_BYTES);
"""
SAY = """
        {top}_unpack_codes({index}, out[{index}], results);
        for (k = 0; k < {prefix}_{stream}_ELEMENTS; k++)
            printer_word_write((uint32_t)results[k]);
"""
RUN = """
        status = {top}_litex_run(&net, in, out, 10000);
        printer_word_write((uint32_t)status);
"""


@dataclass(frozen=True)
class Network:
    """A network, and the folder of its build."""

    name: str
    graph: Graph
    folder: Path

    @property
    def top(self) -> str:
        return f"accelerator_{self.name}"

    @cached_property
    def manifest(self) -> Any:
        return json.loads((self.folder / MANIFEST).read_text())

    def ends(self, kind: str) -> list[Any]:
        return list(self.manifest.get(f"{kind}s") or [self.manifest[kind]])

    @cached_property
    def images(self) -> dict[str, Any]:
        """Codes in the order of the graph, channels last."""
        rng = np.random.default_rng(3)
        return {
            tensor.name: rng.integers(
                tensor.minimum, tensor.maximum, (IMAGES, *tensor.shape), endpoint=True
            )
            for tensor in self.graph.inputs
        }

    @cached_property
    def expected(self) -> list[int]:
        """What the firmware has to say: statuses, and what golden computes."""
        from bittrue.golden.executor.execute import Executor

        outputs: Mapping[str, Any] = Executor(self.graph).run(self.images)
        said = [0]
        for image in range(IMAGES):
            said.append(0)
            for end in self.ends("output"):
                said += [int(code) for code in outputs[end["tensor"]][image].ravel()]
        return said

    @property
    def text(self) -> str:
        """The part of the firmware that is this network's."""
        words = {"top": self.top, "prefix": self.top.upper(), "name": self.name}
        inputs = [_place(*each) for each in enumerate(self.ends("input"))]
        outputs = [_place(*each) for each in enumerate(self.ends("output"))]
        body = [PACK.format(**words, **each) for each in inputs]
        body += [PLACE.format(**words, **each) for each in outputs]
        body += [RUN.format(**words), *(SAY.format(**words, **each) for each in outputs)]
        names = [end["tensor"] for end in self.ends("input")]
        flat = np.concatenate([self.images[n].reshape(IMAGES, -1) for n in names], axis=1)
        sizes = [int(np.prod(end["shape"])) for end in self.ends("output")]
        return FUNCTION.format(
            **words,
            images=IMAGES,
            values=flat.shape[1],
            codes=", ".join("{" + ", ".join(map(str, row)) + "}" for row in flat.tolist()),
            words=512,
            results=max(sizes),
            body="".join(body),
        )


def _place(index: int, end: Mapping[str, Any]) -> dict[str, object]:
    return {"index": index, "stream": end["stream"].upper()}


def checked(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Network]:
    place = tmp_path_factory.mktemp("litex")
    made = []
    for name, network in NETWORKS.items():
        graph = network()
        bittrue.build(bittrue.plan(graph, "zynq7020", 200), place / name, name)
        made.append(Network(name, graph, place / name))
    return made


def soc_of(networks: list[Network], work: Path) -> None:
    modules = [str(each.folder / "litex" / f"{each.top}_litex.py") for each in networks]
    checked([sys.executable, str(HERE / "litex_soc.py"), str(work), *modules], work)


def compiled(networks: list[Network], work: Path) -> None:
    """Compile the firmware against the headers of the SoC."""
    source = work / "firmware.c"
    source.write_text(
        PROGRAM.format(
            includes="\n".join(
                f'#include "{each.folder}/litex/{each.top}_litex.h"' for each in networks
            ),
            functions="\n".join(each.text for each in networks),
            calls="\n    ".join(f"run_{each.name}();" for each in networks),
        )
    )
    folders = [work, LITEX / "software" / "include", LITEX / "cores" / "cpu" / "vexriscv"]
    drivers = [str(each.folder / "drivers" / f"{each.top}.c") for each in networks]
    script = HERE / "firmware.ld"
    command = [*GCC, *FLAGS, *(f"-I{folder}" for folder in folders), "-T", str(script)]
    command += ["-o", "firmware.elf", str(HERE / "firmware_start.S"), str(source), *drivers]
    checked([*command, "-lm"], work)
    checked(["riscv64-unknown-elf-objcopy", "-O", "binary", "firmware.elf", "firmware.bin"], work)


def simulated(networks: list[Network], work: Path) -> list[int]:
    """Run the SoC in Verilator, and return the numbers that its firmware said."""
    soc_of(networks, work)
    compiled(networks, work)
    soc_of(networks, work)
    sources = json.loads((work / "sources.json").read_text())
    command = ["verilator", "--binary", "--top-module", "bench", "-Wno-fatal", "-Wno-lint"]
    command += [
        "-Wno-style",
        "--flatten",
        "-MAKEFLAGS",
        OPTIMISATION,
        "-o",
        "bench",
        str(HERE / "litex_bench.v"),
    ]
    checked([*command, "soc.v", *sources], work, verilator_environment())
    said = checked([str(work / "obj_dir" / "bench")], work)
    assert "did not come to an end" not in said
    return [int(line.split()[1]) for line in said.splitlines() if line.startswith("said")]


def wrapped(values: list[int]) -> list[int]:
    return [value % (1 << 32) for value in values]


def test_firmware_runs_images_through_every_accelerator(
    networks: list[Network], tmp_path: Path
) -> None:
    said = simulated(networks, tmp_path)
    assert said == wrapped([value for each in networks for value in each.expected])


def test_a_module_that_orders_bytes_otherwise_is_noticed(
    networks: list[Network], tmp_path: Path
) -> None:
    """Negative control."""
    network = networks[0]
    folder = tmp_path / "wrong"
    shutil.copytree(network.folder, folder)
    module = folder / "litex" / f"{network.top}_litex.py"
    text = module.read_text()
    assert 'AS_IT_IS = "big"' in text
    module.write_text(text.replace('AS_IT_IS = "big"', 'AS_IT_IS = "little"'))
    wrong = Network(network.name, network.graph, folder)
    said = simulated([wrong], tmp_path)
    assert len(said) == len(network.expected)
    assert said != wrapped(network.expected)


def test_the_module_is_imported_without_anything_of_ours(networks: list[Network]) -> None:
    module = networks[0].folder / "litex" / f"{networks[0].top}_litex.py"
    program = f"import sys, runpy; runpy.run_path({str(module)!r}); print('bittrue' in sys.modules)"
    assert checked([sys.executable, "-c", program], module.parent).strip() == "False"
