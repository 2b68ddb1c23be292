"""Each operator as a torch kernel."""
