"""``bittrue check`` as a person uses it."""

import json
from pathlib import Path

import numpy as np
import pytest

from bittrue.cli import main
from bittrue.flows.planning.devices import BUDGETS
from bittrue.golden.graph import file
from tests.support.graphs import dense
from tests.support.tflite_fixtures import FIXTURES, FixtureBuilder


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def unsupported() -> bytes:
    """Return a network of two operators that are none of bittrue's, and one between that is."""
    builder = FixtureBuilder(0)
    a, b, c, d = (builder.activation(name, np.int8, (1, 24)) for name in "abcd")
    builder.operator("HASHTABLE_LOOKUP", [a], [b])
    builder.operator("RELU", [b], [c])
    builder.operator("RNN", [c], [d])
    return builder.build([a], [d])


def test_a_network_that_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write(tmp_path / "net.tflite", FIXTURES["residual network"].model())
    assert main(["check", model]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("run     ready: profile litert, ")
    assert lines[1] == "build   ready: every layer has a circuit"
    assert lines[2].startswith("device  big enough: zynq7010, zynq7020")
    assert main(["check", model, "--device", "zynq7020", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == found["build"] == {"ready": True, "obstacles": []}
    assert set(found["devices"]) <= set(BUDGETS)


def test_all_operators_that_are_not_supported_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write(tmp_path / "net.tflite", unsupported())
    assert main(["check", model]) == 2
    out = capsys.readouterr().out
    assert out.startswith("run     2 obstacles\n")
    assert "operator 0, HASHTABLE_LOOKUP 'b': it is not supported" in out
    assert "operator 2, RNN 'd': it is not supported" in out
    assert "RELU" not in out
    assert main(["check", model, "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert len(found["run"]["obstacles"]) == 2
    assert not found["build"]["ready"]
    assert found["devices"] == []


def test_a_device_that_is_too_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.bittrue"
    file.save(dense(512, 768), path)
    for device, status, said in (
        ("artix100t", 0, "artix100t is big enough"),
        ("zynq7010", 2, "zynq7010 is too small; big enough: "),
    ):
        assert main(["check", str(path), "--device", device]) == status
        assert said in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.tflite"], "none.tflite: No such file"),
        (["net.txt"], "suffix is '.txt'"),
        (["net.tflite", "--device", "zynq"], "no device is named 'zynq'; choose one of"),
    ],
)
def test_wrong_requests(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.txt").touch()
    write(tmp_path / "net.tflite", FIXTURES["residual network"].model())
    assert main(["check", str(tmp_path / words[0]), *words[1:]]) == 2
    assert message in capsys.readouterr().err
