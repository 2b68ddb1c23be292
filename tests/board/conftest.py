"""Output folders that every test of this folder looks at."""

from pathlib import Path

import pytest

from cocotb_tests.building.networks import quantized_single, two_ends
from cocotb_tests.building.simulated_folder import Built


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(quantized_single(), tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(two_ends(), tmp_path_factory.mktemp("several"))


@pytest.fixture(scope="session")
def builds(request: pytest.FixtureRequest) -> Path:
    """Return the folder of simulator builds, kept from run to run."""
    return request.config.rootpath / "sim_build" / "tests"
