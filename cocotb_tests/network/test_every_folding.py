"""Default plans of small networks of every width; ``every_folding`` simulates all the others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bittrue.hdl.blocks.rom
import bittrue.hdl.printer.rom_files
from bittrue.flows.planning.plan import plan_network
from cocotb_tests.bench.side_by_side import circuits_at_fault, judge_together
from cocotb_tests.network.foldings import IMAGES, NETWORKS, WIDTHS, budgets, circuits, every_plan

SAMPLE = [
    ("dense_generic", 8),
    ("convolutional", 1),
    ("depthwise", 1),
    ("depthwise", 4),
]
"""Networks and widths beside dense ones of every width."""


def test_default_plans_equal_golden(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    networks = [*SAMPLE, *(("dense", width) for width in WIDTHS)]
    graphs = {f"{name}{width}": NETWORKS[name](width) for name, width in networks}
    budget = next(budgets())
    plans = ((name, graph, plan_network(graph, budget)) for name, graph in graphs.items())
    verdict = judge_together(circuits(plans), any_simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    scores = sum(graph.tensors[graph.outputs[0]].elements for graph in graphs.values())
    assert verdict.compared == IMAGES * scores


def test_roms_packed_in_float64_are_noticed(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: words of biases and multipliers, added as numpy adds lists of integers."""

    def pack_in_numpy(columns: Sequence[tuple[Any, int]]) -> list[int]:
        words = np.zeros(len(columns[0][0]), dtype=object)
        offset = 0
        for values, width in columns:
            words += [int(v) % 2**width << offset for v in values]
            offset += width
        return [int(word) % 2**offset for word in words]

    graph = NETWORKS["dense_generic"](8)
    plans = {f"plan{number}": plan for number, plan in enumerate(every_plan(graph))}
    chosen = circuits((name, graph, plan) for name, plan in list(plans.items())[::22])
    monkeypatch.setattr(bittrue.hdl.blocks.rom, "pack_words", pack_in_numpy)
    monkeypatch.setattr(bittrue.hdl.printer.rom_files, "check_rom_file", lambda *_: None)
    verdict = judge_together(chosen, any_simulator, builds, tmp_path)
    assert len(circuits_at_fault(verdict, list(chosen))) > 0
