"""From what a reference computes in floating point to integers of a graph."""
