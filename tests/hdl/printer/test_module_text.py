"""Verilog of Yosys laid out anew: the same statements under names that say something."""

import re

from bittrue.hdl.printer.module_text import lay_out

YOSYS = """\
module unit(b, clk, o, a_1, a_0, rst);
  wire _00_;
  wire _01_;
  wire [8:0] _02_;
  wire [3:0] _05_;
  input a_0;
  wire a_0;
  input a_1;
  wire a_1;
  input [3:0] b;
  wire [3:0] b;
  input clk;
  wire clk;
  output [7:0] o;
  reg [7:0] o = 8'h00;
  input rst;
  wire rst;
  wire [9:0] held;
  assign _00_ = a_0 & a_1;
  assign _01_ = ~ _00_;
  assign _02_ = o + { b[3], b[3], b[3], b[3], b[3], b };
  reg [6:0] _07_ = 7'h00;
  always @(posedge clk)
    if (_01_) _07_ <= { 3'h0, b };
  assign held[6:0] = _07_;
  reg \\held_reg[8]  = 1'h0;
  always @(posedge clk)
    \\held_reg[8]  <= a_0;
  assign held[9:8] = { 1'h0, \\held_reg[8]  };
  always @(posedge clk)
    if (rst) o <= 8'h00;
    else if (_01_) o <= _02_[7:0];
  assign _05_ = b ^ 4'h3;
  other inner (
    .x(_05_)
  );
endmodule
"""


def test_ports_come_in_the_order_wanted_clock_and_reset_first() -> None:
    text = lay_out(YOSYS, {"unit": "// What it is.\n"}, {"unit": ["a", "b", "o"]})
    assert text.startswith(
        "// What it is.\n"
        "module unit (\n"
        "  input wire clk,\n"
        "  input wire rst,\n"
        "  input wire a_0,\n"
        "  input wire a_1,\n"
        "  input wire [3:0] b,\n"
        "  output reg [7:0] o = 8'h00\n"
        ");\n"
    )


def test_everything_is_named_after_what_takes_it() -> None:
    text = lay_out(YOSYS, {}, {})
    for statement in (
        "assign held_reg_2_condition_term = a_0 & a_1;",
        "assign held_reg_2_condition = ~ held_reg_2_condition_term;",
        "if (held_reg_2_condition) held_reg_2 <= { 3'h0, b };",
        "assign held[6:0] = held_reg_2;",
        "assign held[9:8] = { 1'h0, held_reg_8 };",
        "assign o_next = o + { {5{b[3]}}, b };",
        "else if (held_reg_2_condition) o <= o_next[7:0];",
        "assign inner_x = b ^ 4'h3;",
        ".x(inner_x)",
    ):
        assert statement in text
    assert re.search(r"\b_\d+_\b|\\", text) is None


def test_each_net_is_declared_once_and_before_its_use() -> None:
    text = lay_out(YOSYS, {}, {})
    body = text.partition(");\n")[2]
    declared = re.findall(r"^  (?:wire|reg) (?:\[\S+\] )?(\w+)", body, re.MULTILINE)
    assert len(declared) == len(set(declared)) == 4 + 1 + 2
    last = max(body.index(f"{name};") for name in ("held", "o_next"))
    assert last < body.index("assign")
