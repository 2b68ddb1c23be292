"""The usual cocotb test: drives and reads the circuit at every clock edge, in Python."""

import random
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def drive_every_edge(circuit: Any) -> None:
    """Stream beats, take every output, and note the cycles a second."""
    beats = int(Path("beats.txt").read_text())
    generator = random.Random(1)
    payloads = [generator.getrandbits(len(circuit.i_payload)) for _ in range(beats)]
    clock, valid, payload = circuit.clk, circuit.i_valid, circuit.i_payload
    out_valid, out_payload = circuit.o_valid, circuit.o_payload
    Clock(clock, 10, "ns").start()
    circuit.rst.value = 1
    valid.value = 0
    circuit.o_ready.value = 1
    await RisingEdge(clock)
    await RisingEdge(clock)
    circuit.rst.value = 0
    taken = []
    started = time.perf_counter()
    for value in payloads:
        valid.value = 1
        payload.value = value
        await RisingEdge(clock)
        if out_valid.value:
            taken.append(int(out_payload.value))
    elapsed = time.perf_counter() - started
    assert len(taken) > beats - 100
    Path("cycles_per_second.txt").write_text(str(beats / elapsed))
