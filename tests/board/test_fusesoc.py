"""The core of an output folder in FuseSoC."""

import subprocess
import sys
from pathlib import Path

import pytest

import bittrue
from bittrue.flows.simulation.simulators.toolchain import verilator_environment
from cocotb_tests.building.networks import quantized_single, wide
from cocotb_tests.building.simulated_folder import TOP, Built

CORE = f"bittrue:accelerator:{TOP}"


def fusesoc(work: Path, roots: list[Path], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fusesoc.main"]
    for root in roots:
        command += ["--cores-root", str(root)]
    environment = verilator_environment()
    return subprocess.run(
        [*command, "run", *words],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("tool", ["icarus", "verilator"])
def test_its_simulation_passes(single: Built, tool: str, tmp_path: Path) -> None:
    ran = fusesoc(tmp_path, [single.folder], "--target", "sim", "--tool", tool, CORE)
    assert ran.returncode == 0, ran.stderr
    assert "PASS" in ran.stdout + ran.stderr


def test_a_simulation_that_fails_is_noticed(single: Built, tmp_path: Path) -> None:
    """Negative control."""
    beats = single.folder / "testbench" / "expected.hex"
    right = beats.read_text()
    try:
        first, rest = right.split("\n", 1)
        beats.write_text(first[:-1] + ("1" if first[-1] == "0" else "0") + "\n" + rest)
        ran = fusesoc(tmp_path, [single.folder], "--target", "sim", CORE)
    finally:
        beats.write_text(right)
    assert ran.returncode != 0
    assert "FAIL" in ran.stdout + ran.stderr


def test_lint_is_clean(several: Built, tmp_path: Path) -> None:
    ran = fusesoc(tmp_path, [several.folder], "--target", "lint", CORE)
    assert ran.returncode == 0, ran.stderr
    assert "%Warning" not in ran.stdout + ran.stderr


def test_two_accelerators_are_in_one_project(tmp_path: Path) -> None:
    """A core of a user that depends on both, which are lint clean together and elaborated."""
    roots = []
    for name, graph in (("first", quantized_single()), ("second", wide())):
        folder = tmp_path / name
        bittrue.build(bittrue.plan(graph, "zynq7020", 200), folder, name)
        roots.append(folder)
    user = tmp_path / "user"
    user.mkdir()
    both = "\n".join(
        f"    accelerator_{name} {name} (.aclk(clk), .aresetn(rst));"
        for name in ("first", "second")
    )
    (user / "pair.v").write_text(
        "module pair;\n    reg clk = 0;\n    reg rst = 0;\n    always #5 clk = ~clk;\n"
        f'{both}\n    initial begin\n        #100 rst = 1;\n        #100 $display("both %b%b",\n'
        "            first.s_axi_arready, second.s_axi_arready);\n        $finish;\n    end\n"
        "endmodule\n"
    )
    (user / "pair.core").write_text(
        "CAPI=2:\nname: user:design:pair:1.0\nfilesets:\n  rtl:\n    files: [pair.v]\n"
        "    file_type: verilogSource\n    depend:\n"
        "      - bittrue:accelerator:accelerator_first\n"
        "      - bittrue:accelerator:accelerator_second\n"
        "targets:\n  default:\n    filesets: [rtl]\n    toplevel: pair\n    default_tool: icarus\n"
    )
    ran = fusesoc(tmp_path, [*roots, user], "user:design:pair")
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout + ran.stderr
    assert "both 11" in said
    assert "cannot" not in said.lower()
    assert "unable to open" not in said.lower()
