"""The golden model: what every number is.

`numbers`, `certificates`, `graph` and `lowering` need no torch, so that generating hardware never
imports it.
"""
