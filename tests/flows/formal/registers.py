"""A register of a beat, right or with something changed: the smallest stream component."""

from bittrue.hdl.printer.verilog_output import Design

_REGISTER = """
module {name}(
  input clk,
  input rst,
  input i_valid,
  output i_ready,
  input [1:0] i_payload,
  output o_valid,
  input o_ready,
  output [1:0] o_payload
);
  reg full = 0;
  reg [1:0] kept;
  reg odd = 0;
  assign i_ready = {ready};
  assign o_valid = {valid};
  assign o_payload = {payload};
  always @(posedge clk)
    if (rst) begin full <= {after_reset}; odd <= 0; end
    else begin
      if (o_ready && full) begin full <= {emptied}; odd <= !odd; end
      if (i_ready && i_valid) begin full <= {filled}; kept <= i_payload; end
    end
endmodule
"""

_RIGHT = {
    "name": "one",
    "ready": "o_ready || !full",
    "valid": "full",
    "payload": "kept",
    "emptied": "0",
    "filled": "1",
    "after_reset": "0",
}


def register(**changed: str) -> Design:
    """Return the register with other expressions in some places."""
    return Design("one", _REGISTER.format(**_RIGHT | changed))
