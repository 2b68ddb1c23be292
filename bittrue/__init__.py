"""From a quantized network to Verilog, equal to the last bit: the public face and the command."""
