"""Shells: what connects a streaming circuit to the rest of a chip."""

from bittrue.hdl.shell.axi_shell import AxiShell

__all__ = ["AxiShell"]
