"""What the documentation shows of a terminal is what the commands print.

Examples called ``console`` run here. Those called ``console slow`` run in ``make regress``; those
called ``console models`` with the networks of MLPerf Tiny, when ``BITTRUE_MODELS`` is their folder.
"""

from pathlib import Path

import pytest

from tests.support.console import PAGES, Example, check, examples

KINDS = ("", "slow", "models")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(not example.kind for example in examples(page))]
)
def test_commands_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    assert check("", page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_says_what_it_needs(page: Path) -> None:
    assert {example.kind for example in examples(page)} <= set(KINDS)


PAGE = """
```console
$ printf 'one\\n\\ntwo  \\n'
one
two
$ printf %s\\\\n \\
    more
{}
```

```
$ true
```
"""


@pytest.mark.parametrize(("last", "same"), [("more", True), ("less", False), ("", False)])
def test_another_word_or_a_missing_line_is_noticed(last: str, same: bool, tmp_path: Path) -> None:
    """Negative control."""
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(last))
    if same:
        assert check("", page, tmp_path) == 2
    else:
        with pytest.raises(AssertionError, match="printf %s"):
            check("", page, tmp_path)
    found = examples(page)
    assert [example.kind for example in found] == ["", "unmarked"]
    assert isinstance(found[0], Example)
