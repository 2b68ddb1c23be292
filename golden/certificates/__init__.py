"""Proofs that small integers requantize as a reference does, and the search for them."""
