"""Campaigns: what follows from a seed, what is kept, and faults that have to be found."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import bittrue.flows.fuzzing.campaign
import bittrue.golden.executor.operators.average_pool
import bittrue.golden.executor.operators.pad
from bittrue.cli import main
from bittrue.flows.fuzzing.campaign import Campaign, Result, Summary
from bittrue.flows.fuzzing.case import WIDTHS, Place, random_codes
from bittrue.flows.fuzzing.comparison import golden_problem
from bittrue.flows.fuzzing.coverage import shares
from bittrue.flows.fuzzing.failure import read_failure
from bittrue.flows.fuzzing.random_graphs import ROUNDINGS
from bittrue.golden.graph import OPERATORS, Graph, Tensor, file
from bittrue.golden.graph.pad import Pad
from bittrue.golden.numbers.integer_type import IntegerType

SEED = 7


def results(folder: Path, numbers: range, seed: int = SEED) -> list[Result]:
    return list(Campaign(seed, folder, ()).run(numbers, ()))


def test_a_network_follows_from_seed_and_number() -> None:
    def made(seed: int, number: int) -> bytes:
        return file.dumps(Place(seed, number).graph())

    assert made(SEED, 5) == made(SEED, 5)
    assert len({made(SEED, 5), made(SEED, 6), made(SEED + 1, 5)}) == 3


def test_every_combination_is_sought_once_before_any_is_again() -> None:
    count = len(OPERATORS) * len(WIDTHS) * len(ROUNDINGS)
    goals = {Place(SEED, number).goal for number in range(count)}
    assert len(goals) == count
    assert Place(SEED, count + 3).goal == Place(SEED, 3).goal


def test_networks_are_equal_and_what_is_known_is_not_compared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = results(tmp_path, range(25))
    assert [each.said for each in first if each.result == "failed"] == []
    assert Counter(each.result for each in first)["equal"] >= 23

    def never(*_: object) -> str:
        raise AssertionError("it is known")

    monkeypatch.setattr(bittrue.flows.fuzzing.campaign, "golden_problem", never)
    again = results(tmp_path, range(25))
    assert [(each.number, each.result) for each in again] == [
        (each.number, each.result) for each in first
    ]
    (more,) = results(tmp_path, range(25, 26))
    assert "it is known" in more.said


def test_what_was_not_written_whole_is_compared_again(tmp_path: Path) -> None:
    results(tmp_path, range(3))
    (log,) = tmp_path.glob("*.jsonl")
    log.write_text(log.read_text()[:-20])
    assert sorted(number for number, _ in Campaign(SEED, tmp_path, ()).known()) == [0, 1]


def wrong_border(stored: torch.Tensor, sizes: list[int], value: int) -> torch.Tensor:
    return torch.nn.functional.pad(stored, sizes, value=value + 1)


def wrong_division(*arguments: object) -> None:
    from bittrue.golden.executor.loops import divide_sums

    *others, codes = arguments
    divide_sums(*others, codes)
    assert isinstance(codes, np.ndarray)
    codes[..., -1] = codes[..., 0]


FAULTS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "pad": (bittrue.golden.executor.operators.pad, "pad", wrong_border),
    "average_pool": (
        bittrue.golden.executor.operators.average_pool,
        "divide_sums",
        wrong_division,
    ),
}


@pytest.mark.parametrize("operator", FAULTS)
def test_a_fault_is_found_and_left_alone_in_its_file(
    operator: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module, name, wrong = FAULTS[operator]
    monkeypatch.setattr(module, name, wrong)
    words = ["--networks", "60", "--seed", str(SEED), "--output", str(tmp_path)]
    assert main(["fuzz", *words]) == 1
    said = capsys.readouterr().out
    assert f"--seed {SEED} --only" in said
    written = sorted(tmp_path.glob("*.bittrue"))
    assert written
    for path in written:
        graph, circuit = read_failure(path)
        assert circuit is None
        assert [node.operator() for node in graph.nodes] == [operator]
        assert main(["fuzz", "--replay", str(path), "--output", str(tmp_path)]) == 1
    monkeypatch.undo()
    assert main(["fuzz", "--replay", str(written[0]), "--output", str(tmp_path)]) == 0


def test_an_exception_is_a_failure_and_a_refusal_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Pad(inputs=("x",), output="y", padding=((1, 0), (0, 0), (0, 0)), code=3)
    x = Tensor.of_type("x", (2, 2, 2), IntegerType(8, True))
    graph = Graph((x,), (node,), ("y",))
    codes = random_codes(graph, 3, np.random.default_rng(0))
    assert golden_problem(graph, codes, True) == ""
    monkeypatch.delattr(bittrue.golden.executor.operators.pad, "pad")
    assert golden_problem(graph, codes, True).startswith("raised NameError")


def test_shares_tell_what_was_met_and_what_not() -> None:
    summary = Summary()
    summary.add(Result(0, "golden", "equal", cells=[("add", "3", "ruy"), ("pad", "8", "x")]))
    tables = {share.title: share for share in shares(summary.graphs, summary.circuits)}
    assert tables["operator x width"].met == 2
    assert tables["operator x width"].there == len(OPERATORS) * 16
    assert "add 4" in tables["operator x width"].missing
    assert "add 3" not in tables["operator x width"].missing
    assert tables["multiplier x weight width"].met == 0


def test_two_campaigns_do_not_share_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / ".lock"):
        assert main(["fuzz", "--networks", "1", "--output", str(tmp_path)]) == 2
    assert "another campaign is at work there" in capsys.readouterr().err
