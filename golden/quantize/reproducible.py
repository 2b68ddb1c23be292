"""Torch computing the same on every run of a machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed torch and give it one thread; afterwards its global state is as it was."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)  # The order of sums does not depend on the load.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
