"""Compare every fixture and random networks, for many seeds, with ONNX Runtime, tensor by tensor.

    python -m tests.sweeps.onnx [SEEDS] [FIRST]

ends with exit status 1 and the cases that differ, if any do. Models that are
refused, because float32 sums decide a code or no integers reproduce it, are counted apart.
"""

import sys
from functools import partial
from typing import Any, cast

from rich.progress import track

from bittrue.golden.errors import UserError
from tests.support.onnx_comparison import CASES, assert_equal
from tests.support.onnx_fixtures import model, random_network

SAMPLES = 3


def main(seeds: int, first: int) -> int:
    different, refused = [], []
    for seed in track(range(first, first + seeds), f"{len(CASES) + 1} models, seeds from {first}"):
        builders: list[tuple[object, Any]] = [
            (case.id, partial(cast(Any, model), *case.values)) for case in CASES
        ]
        for title, build in [*builders, ("random network", random_network)]:
            try:
                assert_equal(build(seed=seed), SAMPLES, seed)
            except UserError as error:
                refused.append(f"{title}, seed {seed}: {error}")
            except Exception as error:  # Whatever goes wrong, the other cases are run.
                different.append(f"{title}, seed {seed}: {str(error)[:200]}")
    total = seeds * (len(CASES) + 1)
    equal = total - len(different) - len(refused)
    print(f"{total} models: {equal} equal, {len(different)} differ, {len(refused)} refused")
    print("\n".join([*different, *refused]))
    return int(bool(different))


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(words[0] if words else 20, words[1] if len(words) > 1 else 1))
