"""Parts of layers, each alone."""
