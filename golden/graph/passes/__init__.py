"""What is asked of a whole graph."""
