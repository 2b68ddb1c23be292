"""What a person runs: generate, simulate, regress, synthesise, report."""
