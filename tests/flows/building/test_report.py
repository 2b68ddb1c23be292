"""The page of ``bittrue build --report``: what it says, and that it needs nothing else."""

import re
from pathlib import Path

import pytest

from bittrue.cli import main
from bittrue.flows.reports.colors import OF_TEXT
from bittrue.golden.graph import file
from tests.support.graphs import dense
from tests.support.pages import Page, contrast, schemes


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    model, page = folder / "a<b>.bittrue", folder / "page.html"
    file.save(dense(64, 32), model)
    words = ["build", str(model), "--device", "zynq7020", "--cycles", "64", "--clock", "50"]
    words += ["--name", "net", "--output", str(folder / "net"), "--report", str(page)]
    assert main(words) == 0
    return page.read_text()


def test_it_has_the_plan(text: str) -> None:
    rows = Page(text).rows
    (layer,) = [row for row in rows if "fully_connected" in row]
    assert layer[3] == f"{64 * 32:,}"
    assert int(layer[4]) * int(layer[5]) * 64 >= 64 * 32
    cycles = int(layer[7].replace(",", ""))
    assert cycles <= 64
    assert f"{50e6 / cycles:,.0f} images a second" in text
    whole = [row[2] for row in rows if row[0].startswith(("Tables", "Multipliers", "Block"))]
    assert whole == ["53,200", "220", "140"]


def test_it_needs_no_other_file_and_runs_nothing(text: str) -> None:
    page = Page(text)
    assert page.addresses == []
    assert not re.search(r"<script|@import|url\(", text)


def test_its_text_has_the_contrast_that_wcag_asks_for(text: str) -> None:
    light, dark, printed = schemes(text)
    assert printed == light != dark
    for scheme in (light, dark):
        for name in OF_TEXT:
            assert contrast(scheme["--page"], scheme[name]) >= 4.5, name
    assert contrast("#ffffff", "#94a3b8") < 4.5  # What it would be noticed by.


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    model = tmp_path / "net.bittrue"
    file.save(dense(8, 4), model)
    words = ["build", str(model), "--device", "zynq7020", "--output", str(tmp_path / "net")]
    assert main([*words, "--report", str(tmp_path / "no" / "page.html")]) != 0
