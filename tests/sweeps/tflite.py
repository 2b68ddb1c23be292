"""Compare every fixture, with random scales and weights, with the runtime of every profile.

    python -m tests.sweeps.tflite [SEEDS] [FIRST]

ends with exit status 1 and the cases that differ, if any do.
"""

import sys

from rich.progress import track

from tests.support.tflite_comparison import CASES, assert_equal
from tests.support.tflite_fixtures import FIXTURES

SAMPLES = 3


def main(seeds: int, first: int) -> int:
    different = []
    for seed in track(range(first, first + seeds), f"{len(CASES)} cases, seeds from {first}"):
        for title, profile in CASES:
            try:
                assert_equal(FIXTURES[title].model(seed), profile, SAMPLES, seed)
            except Exception as error:  # Whatever goes wrong, the other cases are run.
                different.append(f"{title}, {profile}, seed {seed}: {str(error)[:200]}")
    print(f"{seeds * len(CASES)} models compared, {len(different)} differ")
    print("\n".join(different))
    return int(bool(different))


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(words[0] if words else 20, words[1] if len(words) > 1 else 1))
