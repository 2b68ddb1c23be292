"""Exact execution of graphs on torch, one kernel for each operator."""
