"""Scenarios for softmax of 16-bit codes: those of softmax."""

from cocotb_tests.softmax import scenarios

__all__ = ["scenarios"]
