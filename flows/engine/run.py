"""Programs executed by golden on a host's memory."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.ends import End
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.execute import Engine

Codes = NDArray[np.integer]


def run_program(
    engine: EngineConfiguration,
    image: bytes,
    data_bytes: int,
    inputs: Sequence[End],
    outputs: Sequence[End],
    samples: Mapping[str, Codes],
    seed: int | None = None,
) -> dict[str, Codes]:
    """Execute a program on samples, one after the other in one memory.

    Parameters
    ----------
    engine : EngineConfiguration
    image : bytes
    data_bytes : int
        Of the data region.
    inputs, outputs : sequence of End
    samples : mapping of str to ndarray of integers, shape (samples, *shape)
        By input.
    seed : int, optional
        Memories begin with random bytes then, and units proceed in a random order.

    Returns
    -------
    dict of str to ndarray of integers, shape (samples, *shape)
        By output.
    """
    random = None if seed is None else np.random.default_rng(seed)
    data = np.zeros(data_bytes, dtype=np.uint8)
    if random is not None:
        data[:] = random.integers(0, 256, data_bytes, dtype=np.uint8)
    found: dict[str, list[Codes]] = {end.name: [] for end in outputs}
    for sample in range(len(next(iter(samples.values())))):
        for end in inputs:
            end.write(data, np.asarray(samples[end.name][sample], dtype=np.int64))
        Engine(engine, image, data, random).run()
        for end in outputs:
            found[end.name].append(end.read(data))
    return {name: np.stack(codes) for name, codes in found.items()}
