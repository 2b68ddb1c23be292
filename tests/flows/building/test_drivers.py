"""The drivers and register files of an output folder, without a simulation."""

import ast
import importlib.util
import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bittrue
from bittrue.flows.arguments.code_files import codes_of, in_model_layout
from bittrue.flows.building.output_folder import MANIFEST
from bittrue.golden.graph import Encoding, Graph, Quantization
from tests.support.graphs import convolution, single

TOP = "accelerator_net"
OLDEST = (3, 7)
"""Python of boards."""


def graph() -> Graph:
    node, x = convolution(input_type="int6", weight_type="int3")
    quantization = {"x": Quantization(Fraction(3, 7), Encoding(zero_point=-5))}
    return replace(single(node, x), quantization=quantization, layouts={"x": (2, 0, 1)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("drivers") / "net"
    bittrue.build(bittrue.plan(graph(), "zynq7020", 300), place, "net")
    return place


@pytest.fixture(scope="module")
def driver(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("driver", folder / "drivers" / f"{TOP}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_driver_is_one_file_for_the_python_of_boards(folder: Path) -> None:
    text = (folder / "drivers" / f"{TOP}.py").read_text()
    tree = ast.parse(text, feature_version=OLDEST)
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported == {"__future__", "sys", "typing", "numpy", "pynq"}


def test_real_values_become_the_codes_that_bittrue_predicts_with(driver: Any) -> None:
    (end,) = driver.DESIGN["inputs"]
    halves = (np.arange(-200, 200) / 2 * float(Fraction(3, 7)))[: 5 * 80]
    images = np.resize(halves, (5, 4, 5, 4))
    wanted = codes_of(graph(), "x", images, "images")
    packed = driver.pack(driver.to_codes(images, end), end)
    assert packed.dtype == np.uint8
    np.testing.assert_array_equal(packed.view(np.int8).reshape(wanted.shape), wanted)
    # And back: what is received has the layout of the model again.
    codes = driver.unpack(packed, end)
    np.testing.assert_array_equal(codes, in_model_layout(graph(), "x", wanted))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 5, 4)), r"shape \(4, 5, 4\); allowed: \(images, 4, 5, 4\)"),
        (np.zeros((0, 4, 5, 4)), "shape"),
        (np.full((1, 4, 5, 4), 32), "codes of x are 32 to 32; allowed: -32 to 31"),
        (np.full((1, 4, 5, 4), np.nan), "not finite"),
        (np.zeros((1, 4, 5, 4), complex), "allowed: integers or real values"),
    ],
)
def test_wrong_images_are_refused_in_one_line(driver: Any, images: Any, message: str) -> None:
    (end,) = driver.DESIGN["inputs"]
    with pytest.raises(driver.AcceleratorError, match=message) as error:
        driver.to_codes(images, end)
    assert "\n" not in str(error.value)


def test_the_header_has_the_registers_of_the_manifest(folder: Path, tmp_path: Path) -> None:
    """As a C compiler reads it."""
    manifest = json.loads((folder / MANIFEST).read_text())
    wanted = {}
    for register in manifest["registers"]:
        name = register["name"].upper()
        wanted[name] = register["address"]
        for field in register["fields"]:
            wanted[f"{name}_{field['name'].upper()}"] = (2 ** field["width"] - 1) << field["bit"]
    wanted["BUILD_VALUE"] = int(manifest["build"], 16)
    prints = "".join(f'    printf("%u\\n", {TOP.upper()}_{name});\n' for name in wanted)
    source = tmp_path / "print.c"
    source.write_text(
        f'#include <stdio.h>\n#include "{TOP}.h"\nint main(void)\n{{\n{prints}    return 0;\n}}\n'
    )
    program = tmp_path / "print"
    command = ["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-o", str(program)]
    drivers = folder / "drivers"
    subprocess.run([*command, f"-I{drivers}", source, drivers / f"{TOP}.c", "-lm"], check=True)
    said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert [int(line) for line in said.split()] == list(wanted.values())


def test_the_page_has_every_register(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    page = (folder / "registers" / f"{TOP}.html").read_text()
    for register in manifest["registers"]:
        assert f'id="{register["name"]}"' in page
        assert f"0x{register['address']:03x}" in page


def test_bare_streams_have_no_drivers(tmp_path: Path) -> None:
    plan = bittrue.plan(graph(), "zynq7020", 300, shell="stream")
    bittrue.build(plan, tmp_path / "net", "net")
    assert not (tmp_path / "net" / "drivers").exists()
    assert not (tmp_path / "net" / "registers").exists()
