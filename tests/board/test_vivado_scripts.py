"""The Tcl for Vivado, run by tclsh with procedures that only write what they are asked for."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bittrue.flows.building.packages.boards import BOARDS
from cocotb_tests.building.simulated_folder import Built

STUB = Path(__file__).parent / "vivado_stub.tcl"


def play(network: Built, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["tclsh", str(STUB), str(network.folder / "vivado" / script), *words],
        capture_output=True,
        text=True,
        check=False,
    )


def connections(text: str, kind: str) -> list[tuple[str, str]]:
    lines = (line.split() for line in text.splitlines() if line.startswith(f"{kind} "))
    return [(source, sink) for _, source, sink in lines]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("which", ["single", "several"])
def test_every_pin_of_the_accelerator_is_connected_once(
    which: str, board: str, request: pytest.FixtureRequest
) -> None:
    network: Built = request.getfixturevalue(which)
    played = play(network, "block_design.tcl", board)
    assert played.returncode == 0, played.stderr
    interfaces = connections(played.stdout, "interface")
    nets = connections(played.stdout, "net")
    ends = Counter(end for pair in (*interfaces, *nets) for end in pair)
    streams = [
        end["stream"]
        for name in ("input", "output")
        for end in network.manifest.get(f"{name}s", [network.manifest.get(name)])
    ]
    own = {f"accelerator/{name}" for name in (*streams, "s_axi", "aclk", "aresetn", "irq")}
    assert {end for end in ends if end.startswith("accelerator/")} == own
    assert all(ends[end] == 1 for end in own)
    # No input has two sources.
    sinks = Counter(sink for _, sink in (*interfaces, *nets))
    assert max(sinks.values()) == 1
    # Every DMA has registers, memory, clocks and a reset.
    for dma in {end.split("/")[0] for end in ends if end.startswith("dma")}:
        pins = {end.split("/")[1].lower() for end in ends if end.startswith(f"{dma}/")}
        assert {"s_axi_lite", "s_axi_lite_aclk", "axi_resetn"} <= pins
        for way, stream in (("mm2s", "m_axis_mm2s"), ("s2mm", "s_axis_s2mm")):
            used = {f"m_axi_{way}", f"m_axi_{way}_aclk", f"{way}_introut", stream}
            assert used <= pins or not used & pins


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nexys",), "board is 'nexys'; allowed: pynq-z2 arty-z7-20 zybo-z7-20 kv260 zcu104"),
        (("pynq-z2", "fast"), "clock is 'fast'; allowed: a number of MHz"),
        ((), "board is ''; allowed"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(
    single: Built, words: tuple[str, ...], message: str
) -> None:
    played = play(single, "block_design.tcl", *words)
    assert played.returncode == 2
    assert played.stdout == ""
    assert message in played.stderr
    assert played.stderr.count("\n") == 1


def test_an_interface_that_is_left_out_is_noticed(single: Built, tmp_path: Path) -> None:
    """Negative control."""
    script = single.folder / "vivado" / "block_design.tcl"
    changed = tmp_path / "changed.tcl"
    changed.write_text(script.read_text().replace("set causes {accelerator/irq}", "set causes {}"))
    played = subprocess.run(
        ["tclsh", str(STUB), str(changed), "pynq-z2"], capture_output=True, text=True, check=True
    )
    assert "accelerator/irq" not in played.stdout


def test_the_ip_is_packaged_with_every_interface(several: Built) -> None:
    played = play(several, "package_ip.tcl")
    assert played.returncode == 0, played.stderr
    for name in ("s_axi", "s_axis_x", "s_axis_y"):
        assert f"ipx::associate_bus_interfaces -busif {name} -clock aclk" in played.stdout
