"""What every test runs with."""

import os

import pytest
import torch

# Small tensors gain nothing from more threads, and processes side by side wait for each other's.
torch.set_num_threads(1)

# Comparisons that tests share say what differs, as those of the tests do.
pytest.register_assert_rewrite("tests.support")

collect_ignore = [] if os.environ.get("BITTRUE_BOARD") else ["board"]
"""What only `make test-board` runs, with packages of its own."""
