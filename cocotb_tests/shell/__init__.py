"""The AXI shell under models of AXI masters that others wrote."""
