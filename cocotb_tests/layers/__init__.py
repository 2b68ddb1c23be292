"""Layers of networks, alone and side by side, and faults that must not pass."""
