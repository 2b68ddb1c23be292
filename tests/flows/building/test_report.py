"""The page of ``bittrue build --report``: what it says, and that it needs nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bittrue.cli import main
from bittrue.golden.graph import file
from tests.support.graphs import dense


class Page(HTMLParser):
    """Tables as lists of rows, and every address of something else."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.addresses: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attributes if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data.strip()


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


def luminance(color: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_its_text_has_the_contrast_that_wcag_asks_for(text: str) -> None:
    schemes = re.findall(r"--page: (#\w+); --ink: (#\w+); --quiet: (#\w+);", text)
    assert len(schemes) == 2
    for page, *inks in schemes:
        page = page if len(page) == 7 else "#" + "".join(2 * digit for digit in page[1:])
        assert all(contrast(page, ink) >= 4.5 for ink in inks)
    assert contrast("#ffffff", "#94a3b8") < 4.5  # What it would be noticed by.


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    model = tmp_path / "net.bittrue"
    file.save(dense(8, 4), model)
    words = ["build", str(model), "--device", "zynq7020", "--output", str(tmp_path / "net")]
    assert main([*words, "--report", str(tmp_path / "no" / "page.html")]) != 0
