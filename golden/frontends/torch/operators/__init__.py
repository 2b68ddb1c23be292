"""Kinds of layers, one module for each: translated from ATen, computed, and lowered to integers."""
