"""Circuits through Yosys and nextpnr, and Verilator's lint."""
