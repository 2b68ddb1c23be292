"""What scenarios share: ways of driving streams, random images, circuits side by side."""
