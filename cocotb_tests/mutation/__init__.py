"""Mutants of netlists: which the scenarios of a unit kill, and which are equivalent."""
