"""What every test runs with."""

import torch

# Small tensors gain nothing from more threads, and processes side by side wait for each other's.
torch.set_num_threads(1)
