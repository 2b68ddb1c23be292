"""What runs inside the simulator: carries out a plan of runs and writes what it observed.

The plan is ``plan.json`` in the working directory, the observations go to ``observations.json``.
Python sleeps while a run lasts; the clock, the streams and the results are in the bench.
"""

import json
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, First, RisingEdge, Timer

from bittrue.flows.simulation.bench.progress import PROGRESS, write_progress

_LOOKS_EVERY = 1 << 16
"""Cycles between two looks at the time."""

_SECONDS = 0.5
"""Between two reports of how far a run is."""

_CYCLE_NS = 10


@cocotb.test()
async def carry_out_plan(bench: Any) -> None:
    """Start every run of the plan in turn, wait for its end, and note counters and flags."""
    plan = json.loads(Path("plan.json").read_text())
    observed: list[dict[str, float]] = []
    await Timer(1, "ns")  # The stimulus files are read at time zero.
    for settings in plan["runs"]:
        for name, value in settings.items():
            getattr(bench, name).value = value
        bench.start.value = 1
        started = time.perf_counter()
        await _done(bench, int(sum(each["cycle"] for each in observed)))
        seconds = time.perf_counter() - started
        await Timer(1, "ns")  # Registers written at the same clock edge settle after it.
        counters = {name: int(getattr(bench, name).value) for name in plan["observe"]}
        observed.append(counters | {"seconds": seconds})
        bench.start.value = 0
        await FallingEdge(bench.done)
    bench.dump.value = 1
    await Timer(1, "ns")
    Path("observations.json").write_text(json.dumps(observed))
    assert observed, "the plan has no runs"


async def _done(bench: Any, before: int) -> None:
    """Return when a run is done; until then, write now and then how many cycles it has taken."""
    cycles, written = before, time.monotonic()
    while True:
        looks = Timer(_LOOKS_EVERY * _CYCLE_NS, "ns")
        if await First(RisingEdge(bench.done), looks) is not looks:
            return
        cycles += _LOOKS_EVERY
        if time.monotonic() - written > _SECONDS:
            written = time.monotonic()
            write_progress(Path(PROGRESS), cycles)
