"""What the engine does for each operator; each module registers itself with `lower_node`."""
