"""Components as readable Verilog."""
