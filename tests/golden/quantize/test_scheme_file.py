"""Schemes written to TOML and read back, and files that are refused."""

import tomllib
from pathlib import Path

import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.quantize import (
    ActivationScheme,
    LayerScheme,
    Scheme,
    TrainingScheme,
    WeightScheme,
)
from bittrue.golden.quantize.scheme_file import parse_scheme, read_scheme, write_scheme

SCHEMES = {
    "default": Scheme(),
    "everything": Scheme(
        weight=WeightScheme("symmetric", 4, "group", group_size=8, range="min_max"),
        activation=ActivationScheme("power_of_two", 3, percentile=99.5),
        input=ActivationScheme("symmetric"),
        output=ActivationScheme(bits=16),
        layers={
            "conv1": LayerScheme(weight={"bits": 8}, activation={"type": "binary"}),
            "blocks.*": LayerScheme(input={"bits": 2}),
        },
        corrections=("bias_correction",),
        requantization="tflite_double",
        training=TrainingScheme(epochs=3, start="scratch"),
    ),
    "training with every default": Scheme(training=TrainingScheme()),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_survives_its_file(name: str) -> None:
    assert parse_scheme(write_scheme(SCHEMES[name])) == SCHEMES[name]


def test_a_file_says_only_what_differs_from_the_defaults() -> None:
    assert write_scheme(Scheme()) == ""
    text = write_scheme(Scheme(weight=WeightScheme(bits=4), requantization="floor"))
    assert tomllib.loads(text) == {"weight": {"bits": 4}, "requantization": "floor"}


def test_a_file_a_person_writes(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_text(
        "[weight]\nbits = 4\n[activation]\nsigmas = 4\n[layers.'0.1'.weight]\nbits = 2\n"
    )
    assert read_scheme(path) == Scheme(
        WeightScheme(bits=4),
        ActivationScheme(sigmas=4.0),
        layers={"0.1": LayerScheme(weight={"bits": 2})},
    )


REFUSED = {
    "weight = 4": "weight is 4; allowed: a table",
    "[wieght]\nbits = 4": "wieght does not exist; allowed: weight, activation, input, output, ",
    "[weight]\nbit = 4": "weight.bit does not exist; allowed: type, bits, granularity, ",
    "[weight]\nbits = 4.5": "weight.bits is 4.5; allowed: an integer",
    "[weight]\nbits = true": "weight.bits is True; allowed: an integer",
    "[weight]\nbits = 0": "weight.bits is 0; allowed: 1 to 16",
    "[weight]\nbits = 17": "weight.bits is 17; allowed: 1 to 16",
    "[weight]\ntype = 3": "weight.type is 3; allowed: a text",
    "[weight]\ngroup_size = 10000000000": "weight.group_size is 10000000000; allowed: 1 to ",
    '[weight]\ngranularity = "row"': "weight.granularity is 'row'; allowed: tensor, channel, group",
    '[activation]\nrange = ["mse"]': r"activation.range is \['mse'\]; allowed: a text",
    "[activation]\ndynamic = true": "activation.dynamic is true; a streaming circuit would",
    '[activation]\npercentile = "all"': "activation.percentile is 'all'; allowed: a number",
    'corrections = "adaround"': "corrections is 'adaround'; allowed: a list of names",
    'requantization = "round"': "requantization is 'round'; allowed: exact, tflite_double, ",
    "layers = 3": "layers is no table",
    "[layers.conv1]\nbits = 3": "layers.conv1.bits does not exist; allowed: weight, activation, in",
    "[layers.body.0.weight]\nbits = 3": "layers.body.0 does not exist; .*; names with dots are quo",
    "[layers.conv1]\nweight = 3": "layers.conv1.weight is 3; allowed: a table",
    "[training]\nstart = 'zero'": "training.start is 'zero'; allowed: float, scratch",
    "weight]": "it is no TOML: ",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_named_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=f"{path}: {REFUSED[text]}") as caught:
        read_scheme(path)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.toml: No such file"):
        read_scheme(tmp_path / "none.toml")
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"noise.toml: it is no text; a scheme is a TOML file"):
        read_scheme(tmp_path / "noise.toml")
