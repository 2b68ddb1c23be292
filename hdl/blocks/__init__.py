"""Blocks that units and layers are built from: pipelines, memories, trees, multipliers."""
