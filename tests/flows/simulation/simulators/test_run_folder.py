"""Every run has a folder of its own; a name leads to the latest one that ended."""

import multiprocessing
import random
import time
from pathlib import Path

import pytest

from bittrue.flows.simulation.simulators.run_folder import RUNS, run_folder

SPAWN = multiprocessing.get_context("spawn")


def runs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / RUNS).iterdir() if path.name != ".lock")


def test_the_name_leads_to_the_latest_run_that_ended(tmp_path: Path) -> None:
    name = tmp_path / "unit"
    with run_folder(name) as first:
        (first / "log.txt").write_text("first")
        assert not name.exists()
        with run_folder(name) as second:
            (second / "log.txt").write_text("second")
        assert (name / "log.txt").read_text() == "second"
    assert (name / "log.txt").read_text() == "first"
    assert runs_in(tmp_path) == [first.name]


def test_a_run_that_fails_keeps_its_files(tmp_path: Path) -> None:
    def fail() -> None:
        with run_folder(tmp_path / "unit") as work:
            (work / "log.txt").write_text("why")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "unit" / "log.txt").read_text() == "why"


def test_an_interrupted_run_leaves_the_one_before(tmp_path: Path) -> None:
    def interrupted() -> None:
        with run_folder(tmp_path / "unit") as work:
            (work / "log.txt").write_text("half")
            raise KeyboardInterrupt

    with run_folder(tmp_path / "unit") as work:
        (work / "log.txt").write_text("whole")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "unit" / "log.txt").read_text() == "whole"
    assert runs_in(tmp_path) == [work.name]


def test_a_folder_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "old.txt").touch()
    with run_folder(tmp_path / "unit") as work:
        (work / "log.txt").touch()
    assert [path.name for path in (tmp_path / "unit").iterdir()] == ["log.txt"]


def run_often(name: Path, number: int) -> None:
    generator = random.Random(number)
    for turn in range(20):
        with run_folder(name) as work:
            for part in "ab":
                (work / part).write_text(f"{number} {turn}")
                time.sleep(generator.random() / 500)
            assert {(work / part).read_text() for part in "ab"} == {f"{number} {turn}"}
        time.sleep(generator.random() / 500)


def test_a_reader_finds_the_files_of_one_run(tmp_path: Path) -> None:
    name = tmp_path / "unit"
    processes = [SPAWN.Process(target=run_often, args=(name, number)) for number in range(4)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        if name.is_symlink():
            folder = name.resolve()
            try:
                texts = [(folder / part).read_text() for part in "ab"]
            except FileNotFoundError:  # It is no longer the latest.
                continue
            assert texts[0] == texts[1]
    assert [process.exitcode for process in processes] == [0] * 4
    assert runs_in(tmp_path) == [name.resolve().name]
