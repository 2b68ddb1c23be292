"""CONTRIBUTING.md is followed: an operator in a package of its own, from files to circuits."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.support.paths import ROOT

SHAPE = (4, 3, 5)  # Channels first, as ONNX has images.
MULTIPLIER, SHIFT = 37, 9
WEIGHT = np.array([-77, 5, 120, -1], dtype=np.int8)


def files_of_the_page() -> dict[str, str]:
    """Return the files that the page says a package is made of."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)```\n", text, re.DOTALL)
    return dict(blocks)


def install(folder: Path, files: dict[str, str]) -> Path:
    """Put a package where Python finds it, with the metadata that an installer makes of it."""
    project = tomllib.loads(files["pyproject.toml"])["project"]
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "toy_operator" / "__init__.py").write_text("")
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(groups)
    return folder


def run(
    site: Path | None, folder: Path, *words: str, status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with what is installed in a site folder."""
    path = os.pathsep.join(str(each) for each in (site, ROOT) if each is not None)
    finished = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == status, finished.stdout + finished.stderr
    return finished


def model() -> bytes:
    """Return an ONNX file whose only operator is the toy: ``w * x + x``."""
    node = helper.make_node(
        "ScaleAdd", ["x", "x", "w"], ["y"], domain="toy", multiplier=MULTIPLIER, shift=SHIFT
    )
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.INT8, [1, *SHAPE]) for name in ("x", "y")
    )
    graph = helper.make_graph([node], "toy", [x], [y], [numpy_helper.from_array(WEIGHT, "w")])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("toy", 1)]
    made = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return bytes(made.SerializeToString())


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-128, 128, (count, *SHAPE)).astype(np.int8)


def expected(codes: np.ndarray) -> np.ndarray:
    """Return what the page says that the operator computes."""
    wide = codes.astype(np.int64)
    total = WEIGHT.astype(np.int64)[:, None, None] * wide + wide
    rounded = (total * MULTIPLIER + (1 << (SHIFT - 1))) >> SHIFT
    return np.clip(rounded, -128, 127)


PROGRAM = """
import numpy as np
import bittrue

bittrue.save(bittrue.load("toy.onnx"), "toy.bittrue")
graph = bittrue.load("toy.bittrue")
codes = np.load("x.npy")
(output,) = graph.outputs
np.save("golden.npy", bittrue.predict(graph, codes)[output])
plan = bittrue.plan(graph, "ecp5-25f", cycles=30)
print([(layer.operator, layer.cycles) for layer in plan.layers])
result = bittrue.simulate(plan, codes, "icarus", stall=64)
np.save("circuit.npy", result.outputs)
bittrue.save(graph, "plain.onnx")
print(result.verdict)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the package of the page is installed."""
    return install(tmp_path_factory.mktemp("site"), files_of_the_page())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a network that has the operator, and images."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy.onnx").write_bytes(model())
    np.save(folder / "x.npy", images(6))
    (folder / "program.py").write_text(PROGRAM)
    return folder


@pytest.fixture(scope="module")
def printed(site: Path, folder: Path) -> list[str]:
    """Run the operator through every floor, and return what is printed."""
    return run(site, folder, "program.py").stdout.splitlines()


def test_golden_computes_what_the_page_says(printed: list[str], folder: Path) -> None:
    made = np.load(folder / "golden.npy")
    assert len(np.unique(made)) > 20
    np.testing.assert_array_equal(made, expected(images(6)))


def test_the_circuit_computes_the_same(printed: list[str], folder: Path) -> None:
    # 15 pixels of 4 channels, in 30 cycles: two channels to a beat.
    assert printed[0] == "[('scale_add', 30)]"
    assert printed[-1].startswith("network: 360 outputs compared, 0 differed")
    np.testing.assert_array_equal(np.load(folder / "circuit.npy"), expected(images(6)))


def test_what_is_exported_computes_the_same(printed: list[str], folder: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession((folder / "plain.onnx").read_bytes())
    (made,) = session.run(None, {"x": images(6)})
    np.testing.assert_array_equal(made, expected(images(6)))


def test_commands_know_the_operator(printed: list[str], site: Path, folder: Path) -> None:
    shown = run(site, folder, "-m", "bittrue", "show", "toy.bittrue").stdout
    assert "scale add" in shown


def test_without_the_package_the_file_is_refused(printed: list[str], folder: Path) -> None:
    """Negative control: the operator comes from the package."""
    finished = run(None, folder, "-m", "bittrue", "show", "toy.bittrue", status=2)
    assert "nodes[0].kind is 'scale_add'; allowed: add, arg_max," in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_a_package_that_fails_is_named(printed: list[str], folder: Path, tmp_path: Path) -> None:
    files = files_of_the_page() | {"toy_operator/node.py": "raise RuntimeError('no such thing')\n"}
    site = install(tmp_path, files)
    finished = run(site, folder, "-m", "bittrue", "show", "toy.bittrue", status=2)
    assert "the package 'toy_operator', which brings operators as 'scale_add', " in finished.stderr
    assert "RuntimeError: no such thing" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_a_wrong_circuit_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Negative control of the co-simulation of a user's operator."""
    files = files_of_the_page()
    right = "product + delayed"
    assert right in files["toy_operator/layer.py"]
    files["toy_operator/layer.py"] = files["toy_operator/layer.py"].replace(
        right, "product - delayed"
    )
    site = install(tmp_path, files)
    printed = run(site, folder, "program.py").stdout.splitlines()
    assert "0 differed" not in printed[-1]
