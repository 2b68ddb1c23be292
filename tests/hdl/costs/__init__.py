"""Tests of what parts of circuits are said to take."""
