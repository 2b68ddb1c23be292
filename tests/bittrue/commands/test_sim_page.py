"""``bittrue sim``: its page, its files, what it says of a difference, and what it keeps."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.flows.reports.progress import Remaining
from bittrue.golden.executor import execute
from bittrue.golden.graph import file
from tests.support.graphs import dense
from tests.support.pages import Page

NAME = "a<b>.bittrue"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sim")
    file.save(dense(8, 4), place / NAME)
    np.save(place / "x.npy", np.random.default_rng(1).integers(-128, 128, (3, 8)))
    return place


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


WORDS = ["sim", NAME, "--input", "x.npy", "--output", "y.npy", "--sim", "icarus", "--cycles", "8"]


def fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have golden expect one code otherwise than it is."""
    right = execute.Executor.run

    def wrong(*arguments: Any) -> Any:
        made = dict(right(*arguments))
        name = list(made)[-1]
        made[name] = made[name].copy()
        made[name][1, 2] ^= 1
        return made

    monkeypatch.setattr(execute.Executor, "run", wrong)


def test_a_page_of_what_passed_has_plan_and_pace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--report", "page.html"]) == 0
    said = capsys.readouterr().out
    assert "12 codes compared, 0 differed" in said
    text = Path("page.html").read_text()
    page = Page(text)
    (layer,) = [row for row in page.rows if "fully_connected" in row]
    assert layer[3] == "32"
    assert layer[7] == layer[8]  # Measured as planned.
    assert "Passed" in text
    assert "a&lt;b&gt;" in text
    assert "FAILED" not in text
    assert page.addresses == []
    assert not re.search(r"<script|@import|url\(", text)


def test_a_difference_has_its_neighbourhood_files_and_a_command_that_shows_waves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault(monkeypatch)
    assert main([*WORDS, "--report", "page.html"]) == 1
    said = capsys.readouterr().out
    assert "image 1, pixel 0, channel 2" in said
    replay = f"bittrue sim 'a<b>.bittrue' {' '.join(WORDS[2:])} --report page.html --waves"
    assert f"for the waves around it: {replay}" in said
    place = Path("sim_build/network-icarus")
    assert not json.loads((place / "verdict.json").read_text())["passed"]
    assert ElementTree.parse(place / "junit.xml").getroot()[0].get("failures") == "1"
    text = Path("page.html").read_text()
    (cell,) = re.findall(r'<td class="wrong">(-?\d+), not (-?\d+)</td>', text)
    assert int(cell[0]) == int(cell[1]) ^ 1
    assert "FAILED" in text

    assert main([*WORDS, "--report", "page.html", "--waves"]) == 1
    assert "waves: sim_build/network-icarus/waves.vcd" in capsys.readouterr().out
    waves = Path("sim_build/network-icarus/waves.vcd").read_text()
    assert "$enddefinitions" in waves
    assert Page(Path("page.html").read_text()).addresses == ["sim_build/network-icarus/waves.vcd"]


def test_equal_circuits_and_images_are_simulated_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--json"]) == 0
    capsys.readouterr()
    assert main([*WORDS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"]
    # What follows from something else is not the same.
    assert main([*WORDS, "--json", "--stall", "60"]) == 0
    assert not json.loads(capsys.readouterr().out)["kept"]
    np.save("x2.npy", np.random.default_rng(2).integers(-128, 128, (3, 8)))
    other = [word.replace("x.npy", "x2.npy") for word in WORDS]
    assert main([*other, "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["kept"]
    kept = next(Path("sim_build/outcomes").glob("*.npz"))
    for path in Path("sim_build/outcomes").glob("*.npz"):
        path.write_bytes(kept.read_bytes()[:40])
    assert main([*WORDS, "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["kept"]


def test_without_files_random_images_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sim", NAME, "--sim", "icarus", "--cycles", "8"]
    assert main([*words, "--images", "5"]) == 0
    assert "5 images, 20 codes compared, 0 differed" in capsys.readouterr().out
    assert main([*words, "--seed", "7"]) == 0
    assert "3 images, 12 codes compared, 0 differed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "0"], "--images is 0; allowed: at least 1"),
        (["--images", "4"], "--images is 4; x.npy has 3"),
        (["--report", "no/page.html"], "there is no folder no"),
        (["--engine", ".", "--report", "page.html"], "--report is for streaming accelerators"),
    ],
)
def test_wrong_requests_are_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, *words]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


def test_what_is_left_follows_from_what_was_done() -> None:
    seconds = iter([10.0, 20.0, 30.0, 40.0])
    remaining = Remaining(1_000, lambda: next(seconds))
    assert remaining.line(100) == "100 of about 1,000 cycles"
    assert remaining.line(200) == "200 of about 1,000 cycles, 1:20 left"
    assert remaining.line(800) == "800 of about 1,000 cycles, 0:06 left"
    assert remaining.line(1_001) == "1,001 of about 1,000 cycles"
