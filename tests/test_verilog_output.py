"""Generated Verilog: reproducible, free of this machine, documented, and accepted by Verilator."""

import re
import subprocess
import sys

import pytest

from flows.units import UNITS
from flows.verilog_lint import lint
from golden.requant_spec import RequantSpec
from hdl.component_ports import flat_ports
from hdl.requant import Requantizer
from hdl.verilog_output import Design, to_verilog

PROGRAM = """
from flows.units import UNITS
from hdl.verilog_output import to_verilog
import sys
unit = UNITS[sys.argv[1]]
print(to_verilog(unit.build(**unit.parse([])), sys.argv[1], unit.texts([])).verilog)
"""


@pytest.fixture(scope="module")
def requant() -> Design:
    return to_verilog(Requantizer(RequantSpec()), "requant", {"output": "int8"})


def test_two_processes_write_the_same_bytes() -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, "requant"], capture_output=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(texts) == 1


def test_no_path_date_or_escaped_name(requant: Design) -> None:
    assert not re.search(r"/(home|usr|root|tmp|work)/|20\d\d-\d\d|\\", requant.verilog)


def test_ports_are_in_signature_order_after_clock_and_reset(requant: Design) -> None:
    header = re.search(r"module requant \((.*?)\);", requant.verilog, re.DOTALL)
    assert header is not None
    ports = [name for name, _, _ in flat_ports(Requantizer(RequantSpec()))]
    declared = re.findall(r"^  (?:input|output) \w+ (?:\[\S+\] )?(\w+)", header[1], re.MULTILINE)
    assert declared == ["clk", "rst", *ports]


@pytest.mark.parametrize(
    "words",
    [
        "convolution lanes_in=2 elements=4 pe=4 lanes_out=2 multiplier=lut",
        "convolution groups=6 outputs=12 rows=3 elements=2 pe=4 lanes_in=2 lanes_out=2",
        "dense pe=10 lanes_out=5",
        "add inputs=3",
        "global_pool",
        "network",
    ],
)
def test_every_port_has_a_name_of_its_own(words: str) -> None:
    unit, *rest = words.split()
    verilog = to_verilog(UNITS[unit].build(**UNITS[unit].parse(rest)), unit).verilog
    declared = re.findall(r"^  (?:input|output) \w+ (?:\[\S+\] )?(\w+)", verilog, re.MULTILINE)
    assert len(declared) > 50
    assert [name for name in declared if re.match(r"port_\d", name)] == []


def test_header_states_arithmetic_parameters_payload_and_latency(requant: Design) -> None:
    comment = requant.verilog.partition("module ")[0]
    for line in (
        "o.payload = clamp(round(accumulator * multiplier / 2**shift) + zero_point)",
        "output = int8",
        "i_payload[62:32] channel.multiplier: 31 bits",
        "Latency 10 cycles",
    ):
        assert line in comment


def test_no_combinational_always_block(requant: Design) -> None:
    assert "always @*" not in requant.verilog
    assert "always @(posedge clk)" in requant.verilog


@pytest.mark.parametrize("name", UNITS)
def test_lint_is_clean(name: str) -> None:
    unit = UNITS[name]
    assert lint(to_verilog(unit.build(**unit.parse([])), name)) == []


def test_lint_notices_a_defect(requant: Design) -> None:
    broken = requant.verilog.replace("assign o_valid = ", "assign o_valid = undeclared & ", 1)
    assert broken != requant.verilog
    assert lint(Design("requant", broken))
