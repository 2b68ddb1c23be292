"""``bittrue compile``: the program and what is said of it, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.golden.engine.configuration import CONFIGURATIONS, EngineConfiguration
from bittrue.golden.engine.execute import Engine
from bittrue.golden.graph import file
from tests.support.graphs import dense


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.bittrue"
    file.save(dense(19, 11), path)
    return path


def compiled(model: Path, *options: str, output: str = "out.bin") -> list[str]:
    words = [str(model), "--engine", "small", "--output", str(model.parent / output)]
    return ["compile", *words, *options]


def test_the_files_are_all_that_a_host_needs(model: Path) -> None:
    """Codes are written where the description says, and read where it says."""
    assert main(compiled(model, "--check", "2")) == 0
    image = (model.parent / "out.bin").read_bytes()
    described = json.loads((model.parent / "out.json").read_text())
    assert described["image"]["bytes"] == len(image)
    engine = EngineConfiguration.of_document(described["engine"], "here")
    assert engine == CONFIGURATIONS["small"]
    (given,), (made,) = described["inputs"], described["outputs"]
    data = np.zeros(described["data_bytes"], dtype=np.uint8)
    codes = np.random.default_rng(0).integers(-128, 128, 19)
    for channel, code in enumerate(codes):
        plane, lane = divmod(channel, given["lanes"])
        data[given["address"] + plane * given["plane_stride"] + lane] = code & 255
    Engine(engine, image, data).run()
    found = [
        data[made["address"] + c // made["lanes"] * made["plane_stride"] + c % made["lanes"]]
        for c in range(11)
    ]
    node = dense(19, 11).nodes[0]
    weight, bias = getattr(node, "weight"), getattr(node, "bias")  # noqa: B009
    accumulators = weight.astype(np.int64) @ codes + bias
    expected = getattr(node, "requantization").evaluate(accumulators)  # noqa: B009
    assert (np.array(found, dtype=np.uint8).view(np.int8) == expected).all()
    assert len(set(expected.tolist())) > 3


def test_json_is_all_that_is_printed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(compiled(model, "--json", "--check", "1")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["products"] == 19 * 11
    assert report["check"]["passed"]
    assert report["check"]["compared"] == 11
    assert [layer["title"] for layer in report["layers"]] == ["dense"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "huge"], "no engine, and no folder, is named 'huge'"),
        (["--check", "-1"], "--check is -1; allowed: 0 or more"),
        (["--output", "program"], "program: suffix is ''; allowed: .bin"),
        (["--output", "none/p.bin"], "there is no folder none; make it first"),
    ],
)
def test_wrong_requests_are_one_line(
    model: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(compiled(model, *options)) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert not (model.parent / "out.bin").exists()


def test_a_layer_that_is_not_taken_leaves_nothing(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = model.parent / "wide.bittrue"
    file.save(dense(4000, 3), wide)
    assert main(compiled(wide)) == 2
    error = capsys.readouterr().err
    assert "of its channels have 1000 rows of weights; the engine's weight memory has 512" in error
    assert list(model.parent.glob("out*")) == []
