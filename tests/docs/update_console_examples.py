"""Write what commands print into pages of the documentation.

    python -m tests.docs.update_console_examples KIND PAGE...

KIND is ``cheap``, ``slow`` or ``models``, as `test_console_examples` has them. Look at the
difference before you believe it: this makes the documentation agree with the program, right or not.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.console import examples, run
from tests.support.paths import ROOT


def main(words: Sequence[str]) -> int:
    """Rewrite the pages; every command of the page runs, those of other kinds for their files."""
    kind = "" if words[0] == "cheap" else words[0]
    for page in map(Path, words[1:]):
        with tempfile.TemporaryDirectory() as name:
            folder = ROOT if page.name == "README.md" else Path(name)
            if kind == "models":
                for model in Path(os.environ["BITTRUE_MODELS"]).glob("*.tflite"):
                    (folder / model.name).symlink_to(model.resolve())
            _update(page, kind, folder)
    return 0


def _update(page: Path, kind: str, folder: Path) -> None:
    for example in examples(page):
        for command, printed in example.steps if example.kind in ("", kind) else ():
            lines = [line.rstrip() for line in run(command, folder).splitlines()]
            text = "\n".join(lines).strip("\n")
            if example.kind == kind:
                old, new = (f"$ {command}\n{each}".rstrip("\n") for each in (printed, text))
                content = page.read_text()
                assert content.count(old) == 1, command
                page.write_text(content.replace(old, new))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
