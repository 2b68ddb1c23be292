"""Scenarios for dot products with weights -1, 0 and +1."""

from cocotb_tests.coded import scenarios

__all__ = ["scenarios"]
