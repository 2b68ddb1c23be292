"""Verilog simulators: finding them, building a bench once, running it."""
