"""Integers and what is computed of them: types, roundings, fixed point, requantization."""
