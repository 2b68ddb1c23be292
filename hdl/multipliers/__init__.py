"""What multiplies the weights and inputs of matrix layers: each kind an object of its own."""
