"""Layers of networks, before they are circuits."""
