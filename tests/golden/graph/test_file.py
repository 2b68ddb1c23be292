"""The graph's file: what is written is read, and nothing else is."""

import io
import json
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Certified, Encoding, Graph, Quantization, file
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.fuzz import fuzz
from tests.support.graphs import codes_of, convolution, fixed_point
from tests.support.paths import ROOT


def example() -> Graph:
    first, x = convolution(requantization=fixed_point(multiplier=np.arange(1, 7) << 28))
    certificate = find_certificate(
        lambda a: requantize_float32_half_even(a, 0.007, 1, -128, 127),
        -(1 << 21), 1 << 21, 1, -128, 127,
    )  # fmt: skip
    generator = np.random.default_rng(1)
    dense = FullyConnected(
        inputs=("flat",),
        output="scores",
        weight=generator.integers(-8, 8, (9, 5 * 4 * 6)),
        weight_type=IntegerType(4, True),
        bias=generator.integers(-9, 9, 9),
        requantization=Certified(certificate, IntegerType(8, True)),
    )
    return Graph(
        (x,),
        (
            first,
            Reshape(inputs=("y",), output="flat", shape=(5 * 4 * 6,)),
            dense,
            Table(
                inputs=("scores",),
                output="mapped ü/;",
                values=generator.integers(0, 4, 256),
                type=IntegerType(2, False),
            ),
            Pad(inputs=("mapped ü/;",), output="padded", padding=((0, 1),), code=3),
            ArgMax(inputs=("padded",), output="class"),
        ),
        ("class", "scores"),
        {"x": Quantization(Fraction(7, 3), Encoding(-2)), "scores": Quantization(Fraction(1, 8))},
        layouts={"x": (2, 0, 1)},
        profile="litert",
    )


def test_reading_returns_what_was_written(tmp_path: Path) -> None:
    graph = example()
    path = tmp_path / "network.bittrue"
    file.save(graph, path)
    again = file.load(path)
    assert again.quantization == graph.quantization
    assert again.tensors == graph.tensors
    assert again.layouts == graph.layouts
    assert (again.outputs, again.profile) == (graph.outputs, "litert")
    assert file.dumps(again) == path.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["network.bittrue"]
    codes = codes_of(graph.inputs[0], 20)
    names = list(graph.tensors)
    expected, result = Executor(graph).run(codes, names), Executor(again).run(codes, names)
    assert all((expected[name] == result[name]).all() for name in names)


def test_other_programs_can_read_it() -> None:
    with zipfile.ZipFile(io.BytesIO(file.dumps(example()))) as archive:
        document = json.loads(archive.read("graph.json"))
        dense = document["nodes"][2]
        number = dense["weight"]["array"]
        weight = np.load(io.BytesIO(archive.read(f"arrays/{number}.npy")), allow_pickle=False)
    assert (document["format"], document["version"]) == ("bittrue graph", 5)
    assert (dense["kind"], dense["weight_type"], weight.shape) == (
        "fully_connected",
        "int4",
        (9, 120),
    )


Change = Callable[[dict[str, Any], dict[str, bytes]], object]
"""What is done to a file's document and to its arrays."""


def rewritten(change: Change) -> bytes:
    """Return the example's file with its document and arrays changed."""
    with zipfile.ZipFile(io.BytesIO(file.dumps(example()))) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(entries["graph.json"])
    change(document, entries)
    if "graph.json" in entries:
        entries["graph.json"] = entries["graph.json"] and json.dumps(document).encode()
    return zipped(entries)


def zipped(entries: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return content.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def at(path: str, value: object) -> Change:
    """Return a change that sets one member of the document."""

    def change(document: dict[str, Any], entries: dict[str, bytes]) -> None:
        place: Any = document
        *parents, last = (int(p) if p.isdigit() else p for p in path.split("."))
        for parent in parents:
            place = place[parent]
        place[last] = value

    return change


def array(content: bytes) -> Change:
    """Return a change of the array that holds the weights of the first node."""
    return lambda document, entries: entries.update({weight_entry(document): content})


def weight_entry(document: dict[str, Any]) -> str:
    return f"arrays/{document['nodes'][0]['weight']['array']}.npy"


HEADER_ONLY = npy(np.zeros(3, np.int8)).replace(b"(3,)", b"(9" + b"9" * 11 + b",)")[:80]

HOSTILE = {
    "version": (at("version", 6), "format version is 6; this program reads 1 to 5"),
    "format": (at("format", "other"), "does not say format"),
    "no document": (lambda d, e: e.pop("graph.json"), "missing or no JSON"),
    "no nodes": (lambda d, e: d.pop("nodes"), "allowed: an object of format, version"),
    "extra member": (at("nodes.0.code", "import os"), r"nodes\[0\] is .* allowed: an object of"),
    "operator": (at("nodes.0.kind", "system"), r"nodes\[0\].kind is 'system'; allowed: add, "),
    "kind is a list": (at("nodes.0.kind", []), r"nodes\[0\].kind is \[\]"),
    "boolean for int": (at("nodes.0.groups", True), r"nodes\[0\].groups is True; allowed: int"),
    "float for int": (at("nodes.0.groups", 1.0), r"nodes\[0\].groups is 1.0; allowed: int"),
    "huge int": (at("nodes.0.groups", 10**80), "integers of up to 62 bits"),
    "text for list": (at("nodes.1.shape", "abc"), r"nodes\[1\].shape is 'abc'; allowed: a list"),
    "pair of three": (at("nodes.0.window.size", [1, 2, 3]), r"window.size has 3 elements"),
    "array number": (at("nodes.0.weight.array", 1000), "refers to array 1000"),
    "array name": (at("nodes.0.weight.array", "../x"), "refers to array '../x'"),
    "type": (at("inputs.0.type", "int99"), "allowed: 1 to 64 bits"),
    "wide input": (at("inputs.0", {"name": "x", "shape": [5, 4, 4], "type": "int33", "minimum": 0,
                                   "maximum": 0}), "input 'x' is int33; allowed: up to 32"),
    "rounding": (at("nodes.0.requantization.rounding", "up"), "'up' is not a valid Rounding"),
    "scale": (at("quantization.x.scale", "1/0"), "Fraction"),
    "huge scale": (at("quantization.x.scale", "9" * 5000), "a short string"),
    "exponent": (at("quantization.x.scale", "1e999999999"), "allowed: numerator/denominator"),
    "window": (at("nodes.0.window.stride", [0, 1]), "node 0, convolution 'y': window stride"),
    "layout": (at("layouts.x", [0, 0, 1]), "layout .0, 0, 1. is given for 'x'; it orders no"),
    "layouts": (at("layouts", 3), "layouts is no object of tensor names"),
    "shape": (at("inputs.0.shape", [5, 4, 1 << 40]), "at most"),
    "scalar array": (array(npy(np.array(1, np.int8))), "bias has shape|weight has shape"),
    "float array": (array(npy(np.zeros((6, 3, 2, 4)))), "holds float64"),
    "object array": (array(npy(np.array([print], dtype=object))), "holds object|no .npy"),
    "header only": (array(HEADER_ONLY), "no .npy file|do not fill"),
    "not npy": (array(b"hello"), "no .npy file"),
    "weights beyond their type": (array(npy(np.full((6, 3, 2, 4), 300, np.int16))), "spans 300"),
    "lying certificate": (at("nodes.2.requantization.certificate.shift", 3), "channel 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_anything_else_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    change, message = HOSTILE[case]
    path = tmp_path / "bad.bittrue"
    path.write_bytes(rewritten(change))
    with pytest.raises(UserError, match=message) as caught:
        file.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_archives_that_are_none_are_refused() -> None:
    content = file.dumps(example())
    for broken in (b"", b"PK", content[:-30], content[: len(content) // 2], b"\0" * 1000):
        with pytest.raises(UserError, match=r"no intact \.bittrue archive"):
            file.loads(broken)
    for text in (b"[" * 100_000, b'{"a":', b"\xff\xfe", b"1" * 10_000):
        with pytest.raises(UserError, match="missing or no JSON"):
            file.loads(zipped({"graph.json": text}))


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MAXIMUM_BYTES", 1 << 20)
    bomb = zipped({"graph.json": b" " * (1 << 21)})
    assert len(bomb) < 1 << 13
    with pytest.raises(UserError, match="unpacks to 2097152 bytes; allowed: 1048576"):
        file.loads(bomb)


def test_missing_files_and_folders_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        file.load(tmp_path / "none.bittrue")
    with pytest.raises(ExecutionError, match="choose a folder"):
        file.save(example(), tmp_path / "none" / "x.bittrue")


def test_mutated_files_are_read_or_refused() -> None:
    """`python -m tests.support.fuzz bittrue` runs 20,000."""
    outcomes, failures, _ = fuzz("bittrue", 400, seed=1)
    assert failures == []
    assert min(outcomes["taken"], outcomes["refused"]) >= 5


DATA = ROOT / "tests" / "data" / "graphs"
"""Files that earlier versions wrote, and what the earliest computed from ``images.npy``."""


@pytest.mark.parametrize(
    "name", ["version-1-first", "version-1-last", "version-2-last", "version-3-last"]
)
def test_files_of_earlier_versions_are_read_and_compute_the_same(name: str, tmp_path: Path) -> None:
    path = DATA / f"{name}.bittrue"
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("graph.json"))["version"] == int(name.split("-")[1])
    graph = file.load(path)
    scores = Executor(graph).run(np.load(DATA / "images.npy"))["scores"]
    assert np.array_equal(scores, np.load(DATA / "scores.npy"))
    file.save(graph, tmp_path / "again.bittrue")
    assert file.dumps(file.load(tmp_path / "again.bittrue")) == file.dumps(graph)
    with zipfile.ZipFile(tmp_path / "again.bittrue") as archive:
        assert json.loads(archive.read("graph.json"))["version"] == file.VERSION


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (file.VERSION + 1, "a later bittrue wrote it, which reads it"),
        (0, "no bittrue wrote it"),
        ("2", "no bittrue wrote it"),
        (True, "no bittrue wrote it"),
        (None, "no bittrue wrote it"),
    ],
)
def test_other_versions_are_refused_in_a_line_that_says_which(
    version: object, advice: str, tmp_path: Path
) -> None:
    path = tmp_path / "network.bittrue"
    path.write_bytes(rewritten(lambda document, entries: document.update(version=version)))
    with pytest.raises(UserError) as refusal:
        file.load(path)
    assert str(refusal.value) == (
        f"{path}: format version is {version!r}; this program reads 1 to {file.VERSION}: {advice}"
    )


def test_a_file_of_this_version_needs_its_layouts() -> None:
    """What an earlier version may leave out, this one may not."""
    with pytest.raises(UserError, match="allowed: an object of format, version, profile"):
        file.loads(rewritten(lambda document, entries: document.pop("layouts")))
