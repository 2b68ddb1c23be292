"""Build folders are complete or absent, and made once."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from bittrue.flows.simulation.simulators.build_once import build_once, digest

SPAWN = multiprocessing.get_context("spawn")


def test_builds_once(tmp_path: Path) -> None:
    calls = []

    def build(folder: Path) -> None:
        calls.append(folder)
        (folder / "result").write_text("done")

    for _ in range(2):
        assert (build_once(tmp_path / "unit", build) / "result").read_text() == "done"
    assert len(calls) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_nothing(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise interruption

    with pytest.raises(interruption):
        build_once(tmp_path / "unit", interrupted)
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    build_once(tmp_path / "unit", lambda folder: (folder / "whole").touch())
    assert [path.name for path in (tmp_path / "unit").iterdir()] == ["whole"]


def build_slowly(folder: Path, name: str) -> None:
    """Build a folder of two files, in which a process that does not wait would meet another."""

    def build(partial: Path) -> None:
        with (folder / "builds.txt").open("a") as log:
            log.write(f"{name}\n")
        (partial / "first").write_text(name)
        time.sleep(0.3)
        (partial / "second").write_text(name)

    build_once(folder / "unit", build)
    first, second = ((folder / "unit" / file).read_text() for file in ("first", "second"))
    assert first == second


def test_of_several_processes_one_builds_and_the_others_wait(tmp_path: Path) -> None:
    processes = [SPAWN.Process(target=build_slowly, args=(tmp_path, str(n))) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4
    assert len((tmp_path / "builds.txt").read_text().split()) == 1


def die(partial: Path) -> None:
    os._exit(1)


def test_a_process_that_dies_while_it_builds_keeps_nobody_waiting(tmp_path: Path) -> None:
    process = SPAWN.Process(target=build_once, args=(tmp_path / "unit", die))
    process.start()
    process.join(30)
    assert process.exitcode == 1
    build_slowly(tmp_path, "survivor")


def test_digest_tells_where_texts_end() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["ab", "c"]) == digest(["ab", "c"])
