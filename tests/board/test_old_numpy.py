"""The Python driver under NumPy 1, which boards have, and under NumPy 2."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bittrue.flows.arguments.code_files import codes_of, in_graph_layout
from cocotb_tests.building.simulated_folder import Built, real

SCRIPT = Path(__file__).parent / "driver_script.py"


@pytest.fixture(scope="module")
def numpy_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("numpy")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
    subprocess.run([*install, "--only-binary=:all:", "numpy<2"], check=True)
    return folder


def use(network: Built, work: Path, numpy: Path | None) -> list[str]:
    """Return what the script prints."""
    (images,), (expected,) = network.images.values(), network.expected.values()
    np.save(work / "images.npy", images)
    (name,) = network.expected
    # As the stream has them: channels last, a byte each.
    received = in_graph_layout(network.graph, name, expected).astype(np.int8).tobytes()
    (work / "received").write_bytes(received)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if numpy is not None:
        environment["PYTHONPATH"] = str(numpy)
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), str(network.driver), "images.npy", "received"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_it_sends_and_predicts_the_same(single: Built, numpy_1: Path, tmp_path: Path) -> None:
    old, new = (use(single, tmp_path, numpy) for numpy in (numpy_1, None))
    assert old[0].startswith("1.")
    assert new[0].startswith("2.")
    ((name, images),) = single.images.items()
    sent = codes_of(single.graph, name, images, "images").astype(np.int8).tobytes()
    (predicted,) = real(single.graph, single.expected).values()
    wanted = [hashlib.sha256(each).hexdigest() for each in (sent, predicted.tobytes())]
    assert old[1:] == new[1:] == [*wanted, "float64"]
