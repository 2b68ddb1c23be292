"""What runs on the host of an accelerator: drivers in Python and in C, one design each."""
