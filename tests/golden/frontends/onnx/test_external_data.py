"""Models whose constants lie in a file beside them."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx, import_onnx
from bittrue.golden.graph import MatrixNode
from tests.support.onnx_builder import QuantizedBuilder


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    b = QuantizedBuilder(np.uint8, False, 1)
    proto = b.model(b.convolution(b.input(3, 6, 6), 4))
    onnx.save(proto, tmp_path / "whole.onnx")
    onnx.save(
        proto,
        tmp_path / "parted.onnx",
        save_as_external_data=True,
        location="parted.onnx.data",
        size_threshold=64,
    )
    return tmp_path / "parted.onnx"


def test_it_is_the_model_in_one_file(saved: Path) -> None:
    assert saved.with_name("parted.onnx.data").stat().st_size >= 4 * 3 * 9
    whole, parted = import_onnx(saved.with_name("whole.onnx")), import_onnx(saved)
    weights = [
        node.weight
        for graph in (whole, parted)
        for node in graph.nodes
        if isinstance(node, MatrixNode)
    ]
    first, second = weights
    assert np.array_equal(first, second)


def test_the_content_alone_is_refused(saved: Path) -> None:
    with pytest.raises(UserError, match="lies in another file; save the model in one file"):
        convert_onnx(saved.read_bytes())


def test_a_file_that_is_missing_is_named(saved: Path) -> None:
    saved.with_name("parted.onnx.data").unlink()
    with pytest.raises(UserError, match=r"parted.onnx.data: No such file"):
        import_onnx(saved)


def test_a_file_cut_short_is_noticed(saved: Path) -> None:
    saved.with_name("parted.onnx.data").write_bytes(b"\0" * 7)
    with pytest.raises(UserError, match=r"of parted.onnx.data, which has 7 bytes; is it the file"):
        import_onnx(saved)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "", ".", "folder/file", "linked"])
def test_other_places_are_not_read(saved: Path, name: str) -> None:
    saved.with_name("linked").symlink_to("/etc/hostname")
    proto = onnx.load(saved, load_external_data=False)
    for tensor in proto.graph.initializer:
        for entry in tensor.external_data:
            entry.value = name if entry.key == "location" else entry.value
    saved.write_bytes(proto.SerializeToString())
    with pytest.raises(UserError, match=r"allowed: one beside the model"):
        import_onnx(saved)
