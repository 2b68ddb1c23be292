"""Shells: what connects a streaming circuit to the rest of a chip."""

from bittrue.hdl.shell.axi_shell import AxiShell
from bittrue.hdl.shell.crossing_shell import CrossingShell

AXI_SHELLS: dict[str, type[AxiShell] | type[CrossingShell]] = {
    "axi": AxiShell,
    "axi-clocks": CrossingShell,
}
"""Those with AXI, by the names that users choose them by."""

__all__ = ["AXI_SHELLS", "AxiShell", "CrossingShell"]
