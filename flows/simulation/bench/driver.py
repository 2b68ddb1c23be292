"""What runs inside the simulator: carries out a plan of runs and writes what it observed.

The plan is ``plan.json`` in the working directory, the observations go to ``observations.json``.
Python sleeps while a run lasts; the clock, the streams and the results are in the bench.
"""

import json
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer


@cocotb.test()
async def carry_out_plan(bench: Any) -> None:
    """Start every run of the plan in turn, wait for its end, and note counters and flags."""
    plan = json.loads(Path("plan.json").read_text())
    observed = []
    await Timer(1, "ns")  # The stimulus files are read at time zero.
    for settings in plan["runs"]:
        for name, value in settings.items():
            getattr(bench, name).value = value
        bench.start.value = 1
        started = time.perf_counter()
        await RisingEdge(bench.done)
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
