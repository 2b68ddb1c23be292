"""The golden model: what every number is.

Certificates, the graph and the lowering to it need no torch, directly or not, so that generating
hardware does not import it either.
"""
