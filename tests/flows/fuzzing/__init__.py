"""Tests of random networks."""
