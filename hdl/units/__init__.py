"""Compute units: arrays, dot products and requantizers, each a component of its own."""
