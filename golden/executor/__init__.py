"""Exact torch kernels for the nodes of a graph, one module per family of nodes."""
