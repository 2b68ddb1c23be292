"""The digits network is the same on every processor; kernels for others are run by switches."""

import json
import os
import platform
import subprocess
import sys

import pytest

OTHER_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",  # torch without vector units,
    "ONEDNN_MAX_CPU_ISA": "SSE41",  # convolutions for the oldest processor,
    "MKL_CBWR": "COMPATIBLE",  # and matrix products for any.
}

PROGRAM = """
import hashlib, json
from bittrue.golden.digits.data import load
from bittrue.golden.digits.network import accuracy, trained_network
from bittrue.golden.graph.file import dumps
from bittrue.golden.quantize import Scheme, quantize

training, test = load()
network = trained_network()
hashes = {}
for calibration in ("float64", "float32"):
    graph = quantize(network, training.images, Scheme(calibration=calibration)).graph
    hashes[calibration] = hashlib.sha256(dumps(graph)).hexdigest()
print(json.dumps(hashes | {"accuracy": accuracy(network(test.images), test.labels)}))
"""


def results(environment: dict[str, str]) -> dict[str, object]:
    """Return what quantizing gives in a process of its own."""
    command = [sys.executable, "-c", PROGRAM]
    variables = os.environ | environment
    done = subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, object], dict[str, object]]:
    return results({}), results(OTHER_PROCESSOR)


def test_integers_and_accuracy_are_those_of_every_processor(
    both: tuple[dict[str, object], dict[str, object]],
) -> None:
    here, elsewhere = both
    assert here["float64"] == elsewhere["float64"]
    assert here["accuracy"] == elsewhere["accuracy"] == 355 / 360


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the switches are those of x86-64")
def test_sums_in_float32_are_not(both: tuple[dict[str, object], dict[str, object]]) -> None:
    """Negative control: the other kernels are really used, and calibration notices them."""
    here, elsewhere = both
    assert here["float32"] != elsewhere["float32"]
