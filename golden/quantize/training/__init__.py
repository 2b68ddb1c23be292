"""Training with the quantizers in place."""
