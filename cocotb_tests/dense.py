"""Scenarios for the layer `dense`: those of a convolution."""

from cocotb_tests.convolution import scenarios

__all__ = ["scenarios"]
