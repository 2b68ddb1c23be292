"""The specification and the reference of each compute unit."""
