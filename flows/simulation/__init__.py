"""Circuits against golden in a simulator."""
