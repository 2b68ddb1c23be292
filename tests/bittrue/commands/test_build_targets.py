"""``bittrue build`` with targets that cannot be: one line each, status 2, nothing written."""

from pathlib import Path

import pytest

from bittrue.cli import main
from bittrue.golden.graph import file
from tests.support.graphs import dense

ZYNQ = ["--device", "zynq7020"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("targets") / "net.bittrue"
    file.save(dense(16, 8), path)
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*ZYNQ, "--clock", "0"], "clock"),
        ([*ZYNQ, "--clock", "nan"], "clock"),
        ([*ZYNQ, "--clock", "-5"], "clock"),
        ([*ZYNQ, "--latency", "0"], "latency"),
        ([*ZYNQ, "--latency", "1"], "the fastest"),
        ([*ZYNQ, "--cycles", "0"], "--cycles is 0"),
        (["--budget", "lut"], "budget"),
        (["--budget", "lut=x,dsp=1,bram=1"], "budget"),
        (["--budget", "lut=10,dsp=0,bram=0"], "fit"),
        (["--budget", "lut=1000,luts=3"], "budget"),
        (["--device", "zynq7021"], "zynq7021"),
        ([*ZYNQ, "--package", "none"], "package"),
        ([*ZYNQ, "--shell", "axis"], "shell"),
    ],
)
def test_a_target_that_cannot_be_is_one_line(
    model: Path,
    tmp_path: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "built"
    assert main(["build", str(model), *words, "--output", str(output)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert not output.exists()
