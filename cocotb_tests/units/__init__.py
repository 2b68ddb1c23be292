"""Compute units: every operand that matters, and faults that must not pass."""
