"""Proofs that circuits compute what a line of arithmetic says, for every input."""
