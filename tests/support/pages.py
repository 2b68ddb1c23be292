"""Pages as a reader has them: tables, addresses, and the contrast of colors."""

import re
from html.parser import HTMLParser


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


def schemes(text: str) -> list[dict[str, str]]:
    """Return the values of the variables of each scheme that a page has, in their order."""
    found = re.findall(r":root \{ (.*?)\}", text)
    return [dict(re.findall(r"(--\w+): (#\w{6})", rules)) for rules in found]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colors, as WCAG 2 defines it."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
