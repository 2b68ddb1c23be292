"""Shells: what connects a streaming circuit to the rest of a chip."""

from hdl.shell.axi_shell import AxiShell

__all__ = ["AxiShell"]
