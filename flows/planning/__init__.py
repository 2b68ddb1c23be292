"""Which folding each layer gets, on which device, and what it takes."""
