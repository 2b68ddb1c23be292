"""Every floor has every operator, or the operator says why not."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import ClassVar

import pytest

from bittrue.flows.fuzzing.random_graphs import RandomGraph
from bittrue.flows.units import UNITS
from bittrue.golden.executor import operators as kernels
from bittrue.golden.executor.kernel import compile_node
from bittrue.golden.export import operators as exports
from bittrue.golden.export.integer import write_node
from bittrue.golden.graph import OPERATORS, Node, Tensor
from bittrue.golden.graph.node import Inference
from bittrue.golden.registry import import_modules
from bittrue.hdl.layers import registry
from bittrue.hdl.layers.layer import Layer
from tests.support.operator_places import files_that_name
from tests.support.paths import DOCS, ROOT

import_modules(kernels)
import_modules(exports)
import_modules("bittrue.hdl.layers")

LAYER_TESTS = tuple(
    importlib.import_module(f"cocotb_tests.layers.{path.stem}")
    for path in sorted((ROOT / "cocotb_tests" / "layers").glob("test_*_layers.py"))
)
"""The tests of layers, of which the tables of circuits are read."""

FRONTENDS = ("tflite", "onnx", "torch")

Operator = type[Node]


@cache
def named_in(folder: str) -> Mapping[str, set[str]]:
    names = {operator.__name__ for operator in OPERATORS.values()}
    return files_that_name(ROOT, names, (folder,))


def has_kernel(operator: Operator) -> bool:
    return compile_node.dispatch(operator) is not compile_node.dispatch(object)


def is_exported(operator: Operator) -> bool:
    return write_node.dispatch(operator) is not write_node.dispatch(object)


def has_circuit(operator: Operator) -> bool:
    return operator in registry.LAYERS or operator in registry.WIRES


@cache
def cosimulated_layers() -> frozenset[Operator]:
    """Return the operators of the circuits that the tests of layers put side by side."""
    cases = {}
    for tests in LAYER_TESTS:
        for table in ("CASES", "WINDOWS", "LAYERS"):
            for text in getattr(tests, table, {}).values():
                unit, *words = text.split()
                # What is pooled decides the operator; shapes and widths do not.
                cases[unit, *(word for word in words if word.startswith("pooling="))] = words
    components = (
        UNITS[unit].build(**UNITS[unit].parse(words)) for (unit, *_), words in cases.items()
    )
    return frozenset(type(each.spec.node) for each in components if isinstance(each, Layer))


def is_cosimulated(operator: Operator) -> bool:
    """Return whether it runs on a simulator beside golden: alone, or in the networks of tests."""
    in_networks = named_in("cocotb_tests/network").get(operator.__name__)
    return operator in cosimulated_layers() or bool(in_networks)


@cache
def random_operators() -> frozenset[Operator]:
    """Return what random graphs are made of."""
    graphs = [RandomGraph(seed).build(40) for seed in range(30)]
    return frozenset(type(node) for graph in graphs for node in graph.nodes)


def is_random(operator: Operator) -> bool:
    return operator in random_operators()


def is_imported(frontend: str, operator: Operator) -> bool:
    """Return whether the files of a frontend make it."""
    return bool(named_in(f"golden/frontends/{frontend}").get(operator.__name__))


def is_documented(operator: Operator) -> bool:
    table = (DOCS / "graph.md").read_text().split("## Operators")[1].split("## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return f"`{operator.__name__}`" in "".join(rows)


FLOORS: dict[str, Callable[[Operator], bool]] = {
    "executor": has_kernel,
    "export": is_exported,
    "circuit": has_circuit,
    "cosimulation": is_cosimulated,
    "random": is_random,
    "docs": is_documented,
    **{each: partial(is_imported, each) for each in FRONTENDS},
}
"""Whether a floor has an operator, by the floor's name."""


def wrong_floors(operator: Operator) -> dict[str, str]:
    """Return the floors that lack an operator without a reason, or have it in spite of one."""
    wrong = {}
    for floor, has in FLOORS.items():
        reason = operator.absent.get(floor, "")
        if has(operator) == bool(reason):
            wrong[floor] = f"it has it, though: {reason}" if reason else "missing, without a reason"
    return wrong


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_every_floor_has_it_or_it_says_why_not(operator: Operator) -> None:
    assert wrong_floors(operator) == {}
    assert set(operator.absent) <= set(FLOORS)
    assert all(len(reason.split()) >= 5 for reason in operator.absent.values())


@pytest.mark.parametrize("folder", ["golden/graph", "golden/executor/operators",
                                    "golden/export/operators", "hdl/layers"])  # fmt: skip
@pytest.mark.parametrize("operator", OPERATORS)
def test_its_file_has_its_stem_on_every_floor(operator: str, folder: str) -> None:
    assert (ROOT / folder / f"{operator}.py").is_file()


def test_an_operator_that_no_floor_has_is_noticed() -> None:
    """Negative control: every floor, and a reason that is not so."""

    @dataclass(frozen=True, eq=False, kw_only=True)
    class Nowhere(Node, abstract=True):
        absent: ClassVar[Mapping[str, str]] = MappingProxyType({"docs": "it is nowhere at all"})

        def infer(self, *inputs: Tensor) -> Inference:
            raise NotImplementedError

    assert wrong_floors(Nowhere) == {
        floor: "missing, without a reason" for floor in FLOORS if floor != "docs"
    }
    (add, reason) = OPERATORS["add"], "additions are not documented at all"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(add, "absent", {"docs": reason})
        assert wrong_floors(add) == {"docs": f"it has it, though: {reason}"}
