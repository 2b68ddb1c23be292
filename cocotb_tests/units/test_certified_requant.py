"""The certified requantizer in both simulators, and certificates that lie."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bittrue.flows.units import UNITS
from bittrue.flows.units.digits_layers import LayerReference, digits_layers, find_layer
from bittrue.golden.certificates.certificate import Certificate
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.units.certified_requant import CertifiedRequantizer
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.bench.streams import full_speed
from cocotb_tests.units import certified_requant as requant_certified

INT8 = IntegerType(8, True)
INT32 = IntegerType(32, True)


@pytest.mark.parametrize("reference", ["tflite_double", "float32_half_even"])
@pytest.mark.parametrize(
    "layer", ["conv1", "conv2", pytest.param("dense", marks=pytest.mark.regress_on("icarus"))]
)
def test_equals_the_reference(
    layer: str, reference: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    parameters = {"layer": layer, "reference": reference}
    component = UNITS["requant_certified"].build(**parameters)
    assert isinstance(component, CertifiedRequantizer)
    scenarios = requant_certified.scenarios(component, parameters, seed=5, quick=True)
    verdict = verdict_on(component, "certified", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 50_000


def _dense() -> tuple[Certificate, dict[str, str]]:
    parameters = {"layer": "dense", "reference": "tflite_double"}
    return LayerReference(find_layer("dense"), "tflite_double").certificate(), parameters


TAMPERED = {
    "multiplier one too large": lambda c: replace(c, multiplier=c.multiplier + 1),
    "constant far off": lambda c: replace(c, positive_constant=c.positive_constant + (1 << 24)),
    "channels swapped": lambda c: replace(c, multiplier=c.multiplier[::-1].copy()),
    "one constant for both signs": lambda c: replace(c, negative_constant=c.positive_constant),
}


@pytest.mark.regress_on("icarus")
@pytest.mark.parametrize("name", TAMPERED)
def test_a_circuit_of_wrong_integers_is_caught(
    name: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    certificate, parameters = _dense()
    honest = CertifiedRequantizer(certificate, INT32, INT8)
    scenarios = requant_certified.scenarios(honest, parameters, seed=5, quick=True)
    lying = CertifiedRequantizer(TAMPERED[name](certificate), INT32, INT8)
    verdict = verdict_on(lying, "lying", scenarios, simulator, builds, tmp_path)
    assert verdict.differing > 0


def test_exceptions_are_carried_out(simulator: str, builds: Path, tmp_path: Path) -> None:
    """A channel whose float32 product turns values beside ties into ties needs exceptions."""
    scale = np.random.default_rng(0).uniform(0.0005, 0.004, 256).astype(np.float32)
    bounds = np.full(256, 300_000)

    def reference(accumulator: np.ndarray) -> np.ndarray:
        return requantize_float32_half_even(accumulator, scale, -128, -128, 127)

    certificate = find_certificate(reference, -bounds, bounds, -128, -128, 127)
    assert len(certificate.exception) > 0
    component = CertifiedRequantizer(certificate, INT32, INT8)
    accumulator = np.concatenate([certificate.exception + offset for offset in (-1, 0, 1)])
    channel = np.broadcast_to(np.arange(256), accumulator.shape)
    used = np.tile(certificate.correction != 0, (3, 1))
    scenario = full_speed(
        "around every exception",
        {"accumulator": accumulator[used], "channel": channel[used]},
        {"": reference(accumulator)[used]},
        component.latency,
    )
    verdict = verdict_on(component, "exceptions", [scenario], simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems

    ignorant = replace(certificate, correction=np.zeros_like(certificate.correction))
    circuit = CertifiedRequantizer(ignorant, INT32, INT8)
    work = tmp_path / "ignorant"
    verdict = verdict_on(circuit, "exceptions", [scenario], simulator, builds, work)
    assert verdict.differing == int((certificate.correction != 0).sum())


def test_a_channel_of_one_code_keeps_it_beside_others(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    """Its only accumulator is below zero, where no threshold of the other channel is."""
    low, high = np.array([-23, 0]), np.array([-23, 20])

    def reference(accumulator: np.ndarray) -> np.ndarray:
        codes = np.where(accumulator >= 7, 5, -3)
        return np.where([True, False], -8, codes)

    certificate = find_certificate(reference, low, high, 0, [-8, -3], [5, 5])
    component = CertifiedRequantizer(certificate, INT32, INT8)
    accumulator = np.clip(np.arange(-23, 21)[:, None], low, high)
    scenario = full_speed(
        "every accumulator",
        {
            "accumulator": accumulator.reshape(-1),
            "channel": np.broadcast_to([0, 1], accumulator.shape).reshape(-1),
        },
        {"": reference(accumulator).reshape(-1)},
        component.latency,
    )
    verdict = verdict_on(component, "single", [scenario], simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems


def test_layers_are_those_of_the_network() -> None:
    assert list(digits_layers()) == ["conv1", "conv2", "dense"]
    with pytest.raises(UserError, match=r"no layer is named 'conv9'; choose one of conv1, conv2"):
        find_layer("conv9")
    with pytest.raises(UserError, match=r"no reference is named 'nearest'; choose one of float32"):
        LayerReference(find_layer("conv1"), "nearest")


def test_an_output_too_narrow_for_the_clamp_is_refused() -> None:
    certificate, _ = _dense()
    with pytest.raises(UserError, match=r"output is int7; the certificate clamps to -128"):
        CertifiedRequantizer(certificate, INT32, IntegerType(7, True))
