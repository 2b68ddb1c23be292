"""Amaranth components: what the circuits are, from one multiplier to a network."""
