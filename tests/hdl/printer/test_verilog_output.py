"""Generated Verilog: reproducible, free of this machine, documented, and accepted by Verilator."""

import re
import subprocess
import sys

import pytest

from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.flows.units import UNITS
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.module_headers import numbers
from bittrue.hdl.printer.verilog_output import Design, module_names, to_verilog
from bittrue.hdl.units.requant import Requantizer

PROGRAM = """
from bittrue.flows.units import UNITS
from bittrue.hdl.printer.verilog_output import to_verilog
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


@pytest.mark.parametrize("words", ["convolution lanes_out=2", "add inputs=3", "softmax"])
def test_every_module_has_a_header_of_words_and_numbers(words: str) -> None:
    name, *rest = words.split()
    verilog = to_verilog(UNITS[name].build(**UNITS[name].parse(rest)), name).verilog
    headers = re.findall(r"^((?://.*\n)+)module (\w+)", verilog, re.MULTILINE)
    assert [module for _, module in headers] == module_names(verilog)
    for text, module in headers:
        assert "`" not in text, module
        assert re.search(r"\bcycles?\b|\bone clock edge\b|without a register", text), (module, text)


def test_numbers_take_the_place_of_markup() -> None:
    class Inner:
        depth = 1234

        def cycles(self) -> int:
            return 5

    class Outer:
        latency = 7
        inner = Inner()

    text = "`latency` or ``inner.depth`` or ``inner.cycles()`` of ``o.valid`` and `other`, `a + 1`"
    assert numbers(text, Outer()) == "7 or 1,234 or 5 of o.valid and other, a + 1"


@pytest.mark.parametrize("words", ["convolution lanes_out=2", "requant", "softmax"])
def test_no_register_is_anonymous_and_no_condition_constant(words: str) -> None:
    name, *rest = words.split()
    verilog = to_verilog(UNITS[name].build(**UNITS[name].parse(rest)), name).verilog
    assert len(re.findall(r"^  reg ", verilog, re.MULTILINE)) > 10
    assert re.findall(r"^ *(?:output )?reg (?:\[\S+\] )?_\d+_", verilog, re.MULTILINE) == []
    assert re.findall(r"\b\d+'h[01]+ \?|if \(\d", verilog) == []
    assert "$" not in re.sub(r"\$(signed|readmemh)\b", "", re.sub(r"//.*", "", verilog))


def test_nets_are_named_after_the_layer_and_port_that_drive_them() -> None:
    unit = UNITS["convolution"]
    verilog = to_verilog(unit.build(**unit.parse([])), "layer").verilog
    top = re.search(r"^module layer .*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    assert top is not None
    nets = set(re.findall(r"^  wire (?:\[\S+\] )?(\w+);", top[0], re.MULTILINE))
    instances = re.findall(r"^  layer__\w+ (?:#\(.*\) )?(\w+) \($", top[0], re.MULTILINE)
    assert len(instances) > 3
    of_layers = {net for net in nets if any(net.startswith(f"{each}_") for each in instances)}
    assert nets == of_layers
    for instance in instances:
        connections = re.search(rf" {instance} \((.*?)\);", top[0], re.DOTALL)
        assert connections is not None
        for port, net in re.findall(r"\.(o_\w+|i_ready\w*)\((\w+)\)", connections[1]):
            if net in nets and (port == "i_ready" or not port.endswith("ready")):
                assert net == f"{instance}_{port}"


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


@pytest.mark.parametrize("words", [*UNITS, "convolution elements=2 shape=8x8x1"])
def test_lint_is_clean(words: str) -> None:
    name, *rest = words.split()
    unit = UNITS[name]
    assert lint(to_verilog(unit.build(**unit.parse(rest)), name)) == []


def test_lint_notices_a_defect(requant: Design) -> None:
    broken = requant.verilog.replace("assign o_valid = ", "assign o_valid = undeclared & ", 1)
    assert broken != requant.verilog
    assert lint(Design("requant", broken))
