"""Scenarios for dot products with powers of two as weights."""

from cocotb_tests.coded import scenarios

__all__ = ["scenarios"]
