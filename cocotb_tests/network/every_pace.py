"""Many random networks: images must come exactly as often as planned.

    python -m cocotb_tests.network.every_pace [NETWORKS] [SEED]

Networks run a few side by side, in Verilator; those of the test are a sample of them.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.command_status import EXIT_DIFFERENCE, status_of
from bittrue.flows.one_line_parser import command_parser
from cocotb_tests.network.pace import random_paced, wrong_paces

_BUILDS = Path("sim_build") / "every_pace"
_TOGETHER = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate random networks; 1 if one is not as fast as planned; see `flows.command_status`."""
    parser = command_parser("python -m cocotb_tests.network.every_pace", __doc__)
    parser.add_argument("networks", nargs="?", type=int, default=48, help="how many (default: 48)")
    parser.add_argument("seed", nargs="?", type=int, default=1, help="of the first (default: 1)")
    arguments = parser.parse_args(argv)
    return status_of("every_pace", lambda: _run(arguments.networks, arguments.seed))


def _run(count: int, seed: int) -> int:
    """Print the networks whose pace is not the planned one; return 1 if there are any."""
    late = 0
    for first in range(seed, seed + count, _TOGETHER):
        seeds = range(first, min(first + _TOGETHER, seed + count))
        networks = {f"network_{each}": random_paced(each) for each in seeds}
        networks |= {f"ends_{each}": random_paced(each, several_ends=True) for each in seeds}
        with tempfile.TemporaryDirectory() as work:
            wrong = wrong_paces(networks, "verilator", _BUILDS, Path(work))
        for name, intervals in wrong.items():
            planned = networks[name].planned
            print(f"{name}: planned {planned}, every {intervals.min()} to {intervals.max()}")
        late += len(wrong)
    print(f"every pace: {2 * count} networks from seed {seed}, {late} not as planned")
    return EXIT_DIFFERENCE if late else 0


if __name__ == "__main__":
    sys.exit(main())
