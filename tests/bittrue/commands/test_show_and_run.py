"""``bittrue show`` and ``bittrue run`` as a person uses them."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from bittrue.cli import main
from bittrue.commands.run import file_name
from bittrue.flows.reports.graph_drawing import draw
from bittrue.flows.reports.graph_layout import lay_out
from bittrue.golden.frontends.load import load_network
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.graph import file
from tests.support.graphs import codes_of, convolution, convolve, single
from tests.support.litert import Kernels
from tests.support.tflite_fixtures import FIXTURES
from tests.support.tflite_refused import REFUSED

NETWORK = FIXTURES["residual network"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "network.tflite"
    path.write_bytes(NETWORK.model())
    return path


def test_show_prints_layers_and_costs(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(model)]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    # 8 x 8 positions, 3 x 3 taps, 3 input and 8 output channels; then 8 and 8; then 8 by 10.
    stem, branch, dense = 8 * 8 * 9 * 3 * 8, 8 * 8 * 9 * 8 * 8, 8 * 10
    assert lines[4][:7] == ["0", "stem", "conv", "3x3", "8x8x8", "int8", "int8"]
    assert re.search(r"3  pooled +average pool 8x8 +1x1x8 +int8 +int14", out)
    assert re.search(r"5  \w+ +dense +10 +int8 +int8 +int\d+ +80 +5.12 k +80", out)
    total = stem + branch + dense
    weights = 9 * 3 * 8 + 9 * 8 * 8 + 80
    assert f"total   {total:,} MACs, {64 * total:,} BitOPs, {weights:,} bytes of weights" in out
    assert "input   x: shape (N, 8, 8, 3), int8, codes -128 to 127; real = " in out
    assert "output  probabilities: shape (N, 10), int8, codes -128 to 127; real = 0.00390625" in out


def test_show_in_a_wide_terminal_names_everything(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["show", str(model), "--profile", "tflite-micro"]) == 0
    out = capsys.readouterr().out
    assert "network.tflite, profile tflite-micro" in out
    assert re.search(r"0  stem +.* 13,824 +884,736 +216 +tflite double", out)


def test_show_draws_every_node_once_and_none_over_another(model: Path, tmp_path: Path) -> None:
    picture = tmp_path / "network.svg"
    assert main(["show", str(model), "--output", str(picture)]) == 0
    root = ElementTree.fromstring(picture.read_text())
    space = {"svg": "http://www.w3.org/2000/svg"}
    titles = [element.text for element in root.findall(".//svg:g/svg:title", space)]
    graph = convert_tflite(NETWORK.model())
    assert sorted(titles) == sorted(graph.tensors)  # type: ignore[type-var]
    boxes = [
        tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        for box in root.findall(".//svg:rect[@class='box']", space)
    ]
    assert len(boxes) == len(graph.tensors)
    for number, (x, y, width, height) in enumerate(boxes):
        assert 0 <= x <= float(root.attrib["width"]) - width
        assert 0 <= y <= float(root.attrib["height"]) - height
        for other_x, other_y, _, _ in boxes[:number]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= height
    edges = root.findall(".//svg:path[@class='edge']", space)
    assert len(edges) == sum(len(node.inputs) for node in graph.nodes)


def test_names_from_files_cannot_break_the_picture() -> None:
    node, x = convolution()
    name = '<script>alert("&")</script>'
    graph = single(dataclasses.replace(node, output=name), x)
    root = ElementTree.fromstring(draw(graph, name))
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_layout_keeps_layers_apart_and_routes_around_them() -> None:
    """A diamond with a long edge: its waypoints lie beside the nodes they pass."""
    layout = lay_out({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]})
    assert [layout.places[name][1] for name in "abcd"] == [0, 1, 2, 3]
    route = layout.routes["a", "d"]
    assert [depth for _, depth in route] == [0, 1, 2, 3]
    for across, depth in route[1:-1]:
        passed = layout.places["abcd"[depth]][0]
        assert abs(across - passed) >= 0.5


def test_run_equals_litert_on_every_tensor(model: Path, tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (9, 8, 8, 3), dtype=np.int8)
    np.save(tmp_path / "x.npy", codes)
    arguments = ["--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    assert main(["run", str(model), *arguments, "--tensors", str(tmp_path / "all")]) == 0
    interpreter = Interpreter(
        model_content=NETWORK.model(),
        experimental_op_resolver_type=Kernels.REFERENCE.value,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    details = {detail["name"]: detail["index"] for detail in interpreter.get_tensor_details()}
    stored = {path.stem: np.load(path) for path in (tmp_path / "all").iterdir()}
    assert set(stored) == set(convert_tflite(NETWORK.model()).tensors)
    stored["probabilities"] = np.load(tmp_path / "y.npy")
    for sample in range(9):
        interpreter.set_tensor(details["x"], codes[sample : sample + 1])
        interpreter.invoke()
        for name, values in stored.items():
            expected = interpreter.get_tensor(details[name])
            assert values.dtype == expected.dtype
            assert np.array_equal(values[sample : sample + 1], expected)


def test_run_and_export_tell_programs_what_they_wrote(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (3, 8, 8, 3), dtype=np.int8)
    np.save(tmp_path / "x.npy", codes)
    files = ["--input", f"{tmp_path}/x.npy", "--output", f"{tmp_path}/y.npy"]
    tensors = ["--tensors", f"{tmp_path}/all"]
    assert main(["run", str(model), *files, *tensors, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["samples"] == 3
    assert {len(np.load(each["file"])) for each in record["written"]} == {3}
    assert {each["tensor"] for each in record["written"]} == set(load_network(model).tensors)
    written = tmp_path / "network.onnx"
    assert main(["export", str(model), "--output", str(written), "--style", "qdq", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["bytes"] == written.stat().st_size
    assert [each["tensor"] for each in record["layers"] if each["style"] == "qdq"]
    for layer in record["layers"]:
        assert (layer["reason"] is None) == (layer["style"] == "qdq")


def test_run_keeps_the_layout_of_the_model(tmp_path: Path) -> None:
    """A model with channels first, as ONNX has them, takes and gives channels first."""
    node, x = convolution()
    layouts = {"x": (2, 0, 1), "y": (2, 0, 1)}
    graph = dataclasses.replace(single(node, x), layouts=layouts)
    file.save(graph, tmp_path / "model.bittrue")
    codes = codes_of(x, 3)
    np.save(tmp_path / "x.npy", codes.transpose(0, 3, 1, 2))
    arguments = ["--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    assert main(["run", str(tmp_path / "model.bittrue"), *arguments]) == 0
    expected = convolve(node, codes).transpose(0, 3, 1, 2)
    assert np.array_equal(np.load(tmp_path / "y.npy"), expected)


def test_run_quantizes_real_values(model: Path, tmp_path: Path) -> None:
    """As ONNX's QuantizeLinear does: exact multiples of the scale are their codes again."""
    quantization = load_network(model).quantization["x"]
    codes = np.random.default_rng(0).integers(-128, 128, (3, 8, 8, 3))
    real = (codes - quantization.encoding.zero_point) * np.float32(quantization.scale)
    for name, values in {"codes": codes, "real": real}.items():
        np.save(tmp_path / f"{name}.npy", values)
        words = ["--input", str(tmp_path / f"{name}.npy"), "--output", str(tmp_path / f"{name}.y")]
        assert main(["run", str(model), *words]) == 0
    assert (tmp_path / "codes.y").read_bytes() == (tmp_path / "real.y").read_bytes()


def test_run_takes_several_inputs_in_order(tmp_path: Path) -> None:
    fixture = FIXTURES["sub"]
    (tmp_path / "m.tflite").write_bytes(fixture.model())
    generator = np.random.default_rng(1)
    inputs = [generator.integers(-128, 128, (2, 7, 6, 4), dtype=np.int8) for _ in range(2)]
    words = []
    for name, codes in zip("ab", inputs, strict=True):
        np.save(tmp_path / f"{name}.npy", codes)
        words += ["--input", str(tmp_path / f"{name}.npy")]
    output = tmp_path / "y.npy"
    assert main(["run", str(tmp_path / "m.tflite"), *words, "--output", str(output)]) == 0
    straight = np.load(output)
    assert main(["run", str(tmp_path / "m.tflite"), *words[2:], *words[:2], "--output",
                 str(output)]) == 0  # fmt: skip
    assert not np.array_equal(straight, np.load(output))


def test_file_names_of_tensors_are_unique_and_safe() -> None:
    names = ["a/b", "a%2Fb", "..", "x" * 300, "x" * 299 + "y", "ü", "a;b", " "]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all("/" not in name and len(name.encode()) < 255 for name in files)
    assert file_name("model/add;relu") == "model%2Fadd;relu.npy"


BAD_RUNS: dict[str, tuple[Any, str]] = {
    "shape": (np.zeros((2, 8, 8, 4), np.int8), r"allowed: codes or real values of shape \(N"),
    "type": (np.zeros((2, 8, 8, 3), np.complex64), "type complex64; allowed: codes or real"),
    "not finite": (np.full((2, 8, 8, 3), np.nan), "it has values that are not finite"),
    "range": (np.full((2, 8, 8, 3), 200), "spans 200 to 200; allowed: -128 to 127"),
    "no samples": (np.zeros((0, 8, 8, 3), np.int8), "it has no samples"),
    "objects": (np.array([None]), "no .npy file of numbers"),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_run_refuses_wrong_inputs_and_writes_nothing(
    case: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes, message = BAD_RUNS[case]
    np.save(tmp_path / "x.npy", codes, allow_pickle=True)
    before = sorted(tmp_path.iterdir())
    words = ["--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    assert main(["run", str(model), *words, "--tensors", str(tmp_path / "all")]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "{}/none.tflite"], "none.tflite: No such file"),
        (["show", "{}/x.txt"], "suffix is '.txt'; allowed: .bittrue, .onnx, .tflite"),
        (["show", "{}/network.tflite", "--profile", "tf"], "profile is 'tf'; allowed: litert"),
        (["show", "{}/network.tflite", "--output", "{}/no/x.svg"], "there is no folder"),
        (["run", "{}/network.tflite", "--input", "{}/x.npy", "--output", "{}/no/y.npy"],
         "there is no folder"),
        (["run", "{}/network.tflite", "--input", "{}/none.npy", "--output", "{}/y.npy"],
         "none.npy: No such file"),
        (["run", "{}/network.tflite", "--input", "{}/network.tflite", "--output", "{}/y.npy"],
         "no .npy file of numbers"),
        (["run", "{}/network.tflite", "--input", "{}/x.npy", "--input", "{}/x.npy", "--output",
          "{}/y.npy"], "--input is given 2 times; the model has 1 input: x"),
        (["run", "{}/network.tflite", "--input", "{}/x.npy", "--output", "{}/y.npy", "--output",
          "{}/z.npy"], "--output is given 2 times; the model has 1 output: probabilities"),
    ],
)  # fmt: skip
def test_wrong_requests_end_with_one_line_and_status_2(
    words: list[str], message: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = model.parent
    np.save(folder / "x.npy", np.zeros((1, 8, 8, 3), np.int8))
    assert main([word.format(folder) for word in words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_cannot_be_imported_leave_nothing_behind(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = REFUSED[case]
    path = tmp_path / "bad.tflite"
    path.write_bytes(make())
    words = ["--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    for command in (
        ["run", str(path), *words, "--tensors", str(tmp_path / "all")],
        ["show", str(path), "--output", str(tmp_path / "picture.svg")],
    ):
        assert main(command) == 2
        out, error = capsys.readouterr()
        assert error.startswith(f"bittrue {command[0]}: {path}: ")
        assert re.search(message, error)
        assert error.count("\n") == 1
        assert out == ""
    assert list(tmp_path.iterdir()) == [path]


def test_networks_end_where_they_are_told_to(model: Path, tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (2, 8, 8, 3), dtype=np.int8)
    np.save(tmp_path / "x.npy", codes)
    words = ["run", str(model), "--input", str(tmp_path / "x.npy"), "--output"]
    assert main([*words, str(tmp_path / "y.npy"), "--tensors", str(tmp_path / "all")]) == 0
    ends = ["--outputs", "pooled", "stem"]
    names = [str(tmp_path / name) for name in ("pooled.npy", "stem.npy")]
    assert main([*words, names[0], "--output", names[1], *ends]) == 0
    for name in ("pooled", "stem"):
        whole = np.load(tmp_path / "all" / f"{name}.npy")
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), whole)
    # The same by name, in any order.
    named = [f"stem={tmp_path / 'a=b.npy'}", "--output", f"pooled={tmp_path / 'p.npy'}"]
    assert main([*words, *named, *ends]) == 0
    assert (tmp_path / "a=b.npy").read_bytes() == (tmp_path / "stem.npy").read_bytes()
    assert (tmp_path / "p.npy").read_bytes() == (tmp_path / "pooled.npy").read_bytes()
    # What lies between two tensors, whether of the file or of a graph that was saved.
    file.save(convert_tflite(NETWORK.model()), tmp_path / "saved.bittrue")
    for path in (model, tmp_path / "saved.bittrue"):
        words = ["run", str(path), "--inputs", "stem", "--outputs", "pooled"]
        words += ["--input", str(tmp_path / "stem.npy"), "--output", str(tmp_path / "again.npy")]
        assert main(words) == 0
        assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "pooled.npy").read_bytes()


def test_files_that_are_no_ones_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8, 3), np.int8))
    words = ["run", str(model), "--input", str(tmp_path / "x.npy"), "--outputs", "pooled", "stem"]
    before = sorted(tmp_path.iterdir())
    for outputs in (["y.npy"], ["pooled=y.npy"], ["pooled=y.npy", "pooled=z.npy"]):
        given = [word for each in outputs for word in ("--output", each)]
        assert main([*words, *given]) == 2
        message = f"--output is given {len(outputs)} times; the model has 2 outputs: pooled, stem;"
        assert message in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--outputs", "pold"], "--outputs names 'pold', which is no tensor of the file; did you"),
        (["--inputs", "branch"], "the outputs depend on input 'x' by ways that pass none of those"),
        (["--inputs", "stem", "pooled", "--outputs", "pooled"], "'stem', on which no output"),
        (["--outputs", "stem", "stem"], "--outputs names 'stem' twice"),
    ],
)
def test_ends_that_are_none_are_refused(
    words: list[str], message: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = model.with_suffix(".bittrue")
    file.save(convert_tflite(NETWORK.model()), saved)
    for path in (model, saved):
        assert main(["show", str(path), *words]) == 2
        assert message in capsys.readouterr().err


def test_a_cut_that_keeps_too_little_says_so(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(model), "--json"]) == 0
    out, err = capsys.readouterr()
    macs = {layer["name"]: layer["macs"] for layer in json.loads(out)["layers"]}
    assert err == ""
    assert main(["show", str(model), "--outputs", "stem", "--json"]) == 0
    kept, whole = macs["stem"], sum(macs.values())
    assert 0 < kept < 0.95 * whole
    share = f"the cut keeps {100 * kept / whole:.1f} % of the multiplications"
    assert capsys.readouterr().err == (
        f"{model}: {share}, {kept:,} of {whole:,}; the rest is the host's\n"
    )


def test_a_saved_graph_knows_its_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "network.bittrue"
    file.save(convert_tflite(NETWORK.model(), "tflite-micro"), path)
    assert main(["show", str(path), "--profile", "tflite-micro"]) == 0
    assert main(["show", str(path), "--profile", "litert"]) == 2
    assert "saved with profile 'tflite-micro', not 'litert'" in capsys.readouterr().err
