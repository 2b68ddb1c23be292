"""What people look at: pages, plots and drawings."""
