"""Random networks in simulators."""
