"""Scenarios for dot products with weights of a codebook."""

from cocotb_tests.coded import scenarios

__all__ = ["scenarios"]
