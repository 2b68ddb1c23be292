"""Reports in a browser: by role and text, on a telephone, in the dark, on paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from bittrue.cli import main
from bittrue.flows.reports.page import page as made_page
from bittrue.golden.executor import execute
from bittrue.golden.graph import file
from cocotb_tests.building.networks import quantized_single
from tests.support.pages import contrast, schemes

TELEPHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return pages of a build, of a simulation that fails, and of a regression."""
    place = tmp_path_factory.mktemp("pages")
    right = execute.Executor.run

    def wrong(*arguments: Any) -> Any:
        made = dict(right(*arguments))
        name = list(made)[-1]
        made[name] = made[name].copy()
        made[name][1].reshape(-1)[7] += 3
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        file.save(quantized_single(), place / "net.bittrue")
        np.save("x.npy", np.random.default_rng(1).integers(-128, 128, (3, 2, 4, 5)))
        words = ["--device", "zynq7020", "--output", "net", "--report", "build.html"]
        assert main(["build", "net.bittrue", *words]) == 0
        patch.setattr(execute.Executor, "run", wrong)
        words = ["--input", "x.npy", "--output", "y.npy", "--sim", "icarus", "--layers"]
        assert main(["sim", "net.bittrue", *words, "--waves", "--report", "sim.html"]) == 1
    job = {"seconds": 1.5, "said": "requant: 512 outputs compared, 0 differed", "log": "log.txt"}
    jobs = [
        {"name": "requant verilator", "result": "passed", **job},
        {"name": "model mobilenet_v2_1.0_224_quant.tflite", "result": "FAILED", **job},
    ]
    text = made_page("regress.html", summary="1 passed, 1 failed", failed=1, jobs=jobs)
    (place / "regress.html").write_text(text)
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        assert chromium is not None
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Any, place: Path, size: dict[str, int], scheme: str = "light") -> Page:
    page: Page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(place.as_uri())
    return page


def ground(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


PAGES = ("build", "sim", "regress")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_but_tables_and_drawings_scrolls_sideways_on_a_telephone(
    browser: Any, folder: Path, name: str
) -> None:
    page = opened(browser, folder / f"{name}.html", TELEPHONE)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    # Negative control.
    page.evaluate("document.querySelector('h1').style.minWidth = '600px'")
    assert page.evaluate(wide) > 0


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_dark_in_the_dark_and_light_on_paper(
    browser: Any, folder: Path, name: str
) -> None:
    light, dark, _ = schemes((folder / f"{name}.html").read_text())
    page = opened(browser, folder / f"{name}.html", DESK, "dark")
    assert ground(page) == rgb(dark["--page"])
    page.emulate_media(media="print")
    assert ground(page) == rgb(light["--page"])


def rgb(color: str) -> str:
    parts = [str(int(color[place : place + 2], 16)) for place in (1, 3, 5)]
    return f"rgb({', '.join(parts)})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_as_it_is_drawn_has_the_contrast_that_wcag_asks_for(
    browser: Any, folder: Path, name: str, scheme: str
) -> None:
    page = opened(browser, folder / f"{name}.html", DESK, scheme)
    below = ground(page)
    colors = page.evaluate(
        """() => [...document.querySelectorAll('main *:not(svg *)')]
            .filter(each => [...each.childNodes].some(
                node => node.nodeType === 3 && node.textContent.trim()))
            .map(each => getComputedStyle(each).color)"""
    )
    assert colors
    assert all(contrast(hexadecimal(each), hexadecimal(below)) >= 4.5 for each in colors)


def hexadecimal(color: str) -> str:
    red, green, blue = (int(part) for part in color[4:-1].split(","))
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_the_build_is_found_by_role_and_text(browser: Any, folder: Path) -> None:
    page = opened(browser, folder / "build.html", DESK)
    assert page.get_by_role("heading", level=1).count() == 1
    table = page.get_by_role("region", name="Layers").get_by_role("table")
    assert table.get_by_role("row").filter(has_text="convolution").count() == 1
    assert page.get_by_role("region", name="Resources").get_by_role("row").count() == 4
    assert page.get_by_role("img", name="The layers of the network").is_visible()


def test_the_first_difference_is_found_by_role_and_text(browser: Any, folder: Path) -> None:
    page = opened(browser, folder / "sim.html", DESK)
    assert page.get_by_role("heading", name="First difference").is_visible()
    around = page.get_by_role("region", name="Codes around the first difference")
    (cell,) = around.get_by_role("cell").filter(has_text="not").all()
    got, wanted = (int(word) for word in cell.inner_text().split(", not "))
    assert wanted - got == 3
    link = page.get_by_role("link", name="Waves of the cycles around it")
    waves = folder / (link.get_attribute("href") or "")
    assert "$enddefinitions" in waves.read_text()
    measured = page.get_by_role("region", name="Layers").get_by_role("row").nth(1)
    cells = measured.get_by_role("cell").all_inner_texts()
    assert cells[6] == cells[7] != ""  # Planned and measured.


def test_regions_that_scroll_are_reached_by_keys(browser: Any, folder: Path) -> None:
    page = opened(browser, folder / "sim.html", TELEPHONE)
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Layers":
            break
    before = page.evaluate("document.activeElement.scrollLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.scrollLeft") > before


def test_a_job_that_failed_is_found_by_text_alone(browser: Any, folder: Path) -> None:
    page = opened(browser, folder / "regress.html", TELEPHONE)
    row = page.get_by_role("row").filter(has_text="FAILED")
    assert row.count() == 1
    assert "mobilenet" in row.inner_text()
    assert row.get_by_role("link", name="log").get_attribute("href") == "log.txt"
