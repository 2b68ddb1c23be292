"""What a code stands for: the affine and the bipolar map between codes and real values."""
