"""An operator is one file on each floor: nobody else asks which one a node is."""

from pathlib import Path

import pytest

from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.graph import OPERATORS, Node
from tests.support.operator_places import (
    comparisons_of_names,
    files_that_name,
    questions_of_kind,
)
from tests.support.paths import ROOT

MOST_FILES = {"Convolution": 10, "AveragePool": 8, "Add": 8, "Concat": 8, "ArgMax": 7}
"""Files of the product that may name an operator: one a floor, and for some an example circuit."""

MOST_QUESTIONS = 40
"""Places that may ask of what kind a node, or a float layer, is."""

KINDS = (Node, Layer)


def test_an_operator_is_named_on_its_floors_only() -> None:
    named = files_that_name(ROOT, MOST_FILES)
    counts = {name: len(files) for name, files in named.items()}
    too_many = {name: sorted(named[name]) for name in counts if counts[name] > MOST_FILES[name]}
    assert not too_many
    # None would be a search that finds nothing.
    stems = {cls.__name__: stem for stem, cls in OPERATORS.items()}
    assert all(f"golden/graph/{stems[name]}.py" in named[name] for name in MOST_FILES)


def test_every_operator_counted_is_one() -> None:
    assert set(MOST_FILES) <= {cls.__name__ for cls in OPERATORS.values()}


def test_few_ask_of_what_kind_a_node_is() -> None:
    asked = questions_of_kind(ROOT, KINDS)
    assert len(asked) <= MOST_QUESTIONS, "\n".join(asked)


def test_nobody_compares_what_operators_are_called() -> None:
    assert comparisons_of_names(ROOT) == []


def product(folder: Path, text: str) -> Path:
    """Return the root of a product that is one file."""
    (folder / "golden").mkdir()
    (folder / "golden" / "errors.py").write_text(text)
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "from bittrue.golden.graph import Add",
        "from bittrue.golden.graph import Add as Sum",
        "import bittrue.golden.graph.add\nnode = bittrue.golden.graph.add.Add",
        "from bittrue.golden import graph\n\ndef adds(node): return graph.Add",
        "class Add: pass",
    ],
)
def test_one_more_file_is_noticed(line: str, tmp_path: Path) -> None:
    """Negative control: however the class is named."""
    assert files_that_name(product(tmp_path, line), MOST_FILES) == {"Add": {"golden/errors.py"}}


@pytest.mark.parametrize(
    "line",
    [
        "from bittrue.golden.graph.add import Add\n\ndef f(node): return isinstance(node, Add)",
        "from bittrue.golden.graph import Node\n\ndef f(node): return isinstance(node, int | Node)",
        "from bittrue.golden import graph as g\n\ndef f(x): return isinstance(x, (int, g.Node))",
        "from bittrue.golden.graph.add import Add\n\ndef f(node): return type(node) is Add",
        "def f(x):\n    from bittrue.golden.graph import Node\n    return isinstance(x, Node)",
        "from bittrue.golden.graph.add import Add\ndef f(x):\n match x:\n  case Add(): return 1",
        "def f(node): return getattr(node, 'requantization', None)",
        "def f(node): return hasattr(node, 'window')",
        "from bittrue.golden.frontends.torch.layer import Layer\n\ndef f(x): isinstance(x, Layer)",
    ],
)
def test_one_more_question_is_noticed(line: str, tmp_path: Path) -> None:
    """Negative control: however it is asked."""
    (found,) = questions_of_kind(product(tmp_path, line), KINDS)
    assert found.startswith("golden/errors.py:")


@pytest.mark.parametrize(
    "line",
    [
        "def f(node): return node.operator() == 'add'",
        "def f(node): return node.operator() in ('add', 'sub')",
        "def f(node):\n    match node.operator():\n        case 'add': return 1",
        "def f(node): return {'add': 1}[node.operator()]",
        "def f(node): return type(node).__name__ == 'Add'",
    ],
)
def test_a_comparison_of_names_is_noticed(line: str, tmp_path: Path) -> None:
    """Negative control."""
    (found,) = comparisons_of_names(product(tmp_path, line))
    assert found.startswith("golden/errors.py:")


def test_other_questions_are_not_counted(tmp_path: Path) -> None:
    text = "def f(x): return isinstance(x, int) or type(x) is str"
    assert questions_of_kind(product(tmp_path, text), KINDS) == []
