"""A user's folder of networks in the regression: simulated, refused by name, or failed."""

import re
from pathlib import Path

import pytest

from bittrue.cli import main
from bittrue.commands import regress
from bittrue.golden.graph.file import dumps
from cocotb_tests.network.foldings import dense_network


@pytest.fixture(autouse=True)
def no_other_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regress, "_jobs", lambda simulators, seed: ())


def run(folder: Path, simulator: str, out: Path) -> int:
    options = ["--sim", simulator, "--output", str(out), "--models", str(folder)]
    return main(["regress", *options])


def test_each_network_is_listed_with_its_result(
    any_simulator: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    models = tmp_path / "models"
    (models / "below").mkdir(parents=True)
    (models / "below" / "right.bittrue").write_bytes(dumps(dense_network(2)))
    (models / "broken.onnx").write_bytes(b"no network")
    (models / "notes.txt").write_text("not a network")
    assert run(models, any_simulator, tmp_path / "out") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert re.search(r"model below/right\.bittrue passed .* outputs compared, 0 differed", out)
    assert re.search(r"model broken\.onnx not simulated .*broken\.onnx", out)
    assert "notes.txt" not in out
    assert "regress: 1 passed, 0 failed, 1 not simulated" in out


def test_a_network_that_fails_is_no_refusal(
    any_simulator: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = [("model wrong.onnx", ["no_such_module"])]
    monkeypatch.setattr(regress, "_model_jobs", lambda folder, simulators, seed: jobs)
    assert run(tmp_path, any_simulator, tmp_path / "out") == 1
    assert "regress: 0 passed, 1 failed" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("folder", "message"), [("none", "no such folder"), (".", "holds no")])
def test_a_folder_without_networks_is_refused(
    folder: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / folder, "verilator", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
