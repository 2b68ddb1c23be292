"""What layers are made from: windows, matrices, requantizers, and the streams between them."""
