"""Tensors by what they are called, where converters have joined the names of fused operators."""

from pathlib import Path

import pytest

from bittrue.flows.arguments.end_files import files_of_ends
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.cut import File, Step
from bittrue.golden.graph.names import first_name, full_name

RELU = "a/Relu;a/BiasAdd;a/Conv2D"
KNOWN = [RELU, "b;x", "b;y", "c"]


@pytest.mark.parametrize(
    ("called", "name"),
    [
        (RELU, RELU),
        ("a/Relu", RELU),
        ("b;y", "b;y"),
        ("b", None),  # There are two.
        ("a", None),
        ("a/BiasAdd", None),
        ("c", "c"),
    ],
)
def test_what_is_called_is_found(called: str, name: str | None) -> None:
    assert full_name(called, KNOWN) == name


def test_a_name_of_its_own_goes_first() -> None:
    assert full_name("b", ["b;x", "b"]) == "b"
    assert first_name(RELU) == "a/Relu"


def test_a_file_is_cut_at_what_is_called() -> None:
    file = File((Step("CONV_2D", ("in;put",), (RELU,), 1),), ("in;put",), (RELU,))
    assert file.ends(("in",), ("a/Relu",)) == (("in;put",), (RELU,))
    with pytest.raises(UserError, match="twice"):
        file.ends((), ("a/Relu", RELU))


def test_files_are_given_by_what_is_called() -> None:
    names = [RELU, "c"]
    files = files_of_ends("--output", ["c=1.npy", "a/Relu=2.npy"], "output", names)
    assert files == {"c": Path("1.npy"), RELU: Path("2.npy")}
    files = files_of_ends("--output", ["a=1.npy", "2.npy"], "output", names)
    assert files == {RELU: Path("a=1.npy"), "c": Path("2.npy")}
