"""Many random networks: images must come exactly as often as planned.

    python -m cocotb_tests.every_pace [NETWORKS] [SEED]

Networks run a few side by side, in Verilator; those of the test are a sample of them.
"""

import sys
import tempfile
from pathlib import Path

from cocotb_tests.pace import random_paced, wrong_paces

_BUILDS = Path("sim_build") / "every_pace"
_TOGETHER = 8


def main(count: int, seed: int) -> int:
    """Print the networks whose pace is not the planned one; return 1 if there are any."""
    late = 0
    for first in range(seed, seed + count, _TOGETHER):
        seeds = range(first, min(first + _TOGETHER, seed + count))
        networks = {f"network_{each}": random_paced(each) for each in seeds}
        with tempfile.TemporaryDirectory() as work:
            wrong = wrong_paces(networks, "verilator", _BUILDS, Path(work))
        for name, intervals in wrong.items():
            planned = networks[name].planned
            print(f"{name}: planned {planned}, every {intervals.min()} to {intervals.max()}")
        late += len(wrong)
    print(f"every pace: {count} networks from seed {seed}, {late} not as planned")
    return int(late > 0)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [48, 1][len(numbers) :])))
