"""Networks of layers: which layers, how they are joined, how deep the FIFOs are."""
