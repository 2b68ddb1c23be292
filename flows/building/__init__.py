"""A network as a folder: Verilog, ROM files, testbench, scripts and a manifest."""
