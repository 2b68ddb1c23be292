"""What `make test-board` runs: an output folder in tools that `make test` does without."""
