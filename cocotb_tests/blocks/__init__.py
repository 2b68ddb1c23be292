"""Blocks that circuits are made of, in both simulators."""
