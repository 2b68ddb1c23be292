"""Colors of pages and plots, which follow the reader's light or dark scheme."""

COLORS = {
    "light": {
        "--page": "#ffffff",
        "--ink": "#24292f",
        "--quiet": "#57606a",
        "--faint": "#d8dee4",
        "--blue": "#0969da",
        "--orange": "#bc4c00",
        "--band": "#ddf4ff",
        "--good": "#1a7f37",
        "--bad": "#cf222e",
    },
    "dark": {
        "--page": "#0d1117",
        "--ink": "#d0d7de",
        "--quiet": "#a9b3bd",
        "--faint": "#373e47",
        "--blue": "#58a6ff",
        "--orange": "#f0883e",
        "--band": "#132d46",
        "--good": "#3fb950",
        "--bad": "#ff7b72",
    },
}
"""Values of the CSS variables, by scheme."""

OF_TEXT = ("--ink", "--quiet", "--blue", "--orange", "--good", "--bad")
"""Those that text may have on the color of the page."""
