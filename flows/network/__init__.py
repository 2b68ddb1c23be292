"""Networks as streaming accelerators: folding, generation, co-simulation."""
