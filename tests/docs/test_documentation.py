"""The examples in the documentation run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import DOCS

EXAMPLES = [
    pytest.param(text, id=f"{path.name}-{number}")
    for path in sorted(DOCS.glob("*.md"))
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_runs(text: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(text)
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, capture_output=True)


def test_there_are_examples() -> None:
    assert EXAMPLES
