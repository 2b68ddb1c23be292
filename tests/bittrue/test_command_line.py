"""What all subcommands have in common: options, JSON, completion, pipes."""

import json
import os
import pty
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bittrue import cli
from bittrue.cli import COMMANDS, main
from bittrue.golden.graph import Graph, file
from tests.support.graphs import codes_of, convolution, single
from tests.support.paths import ROOT

LONG = "a_name_that_is_longer_than_a_terminal_of_eighty_columns_has_room_for_beside_numbers"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    node, x = convolution()
    graph = single(node, x)
    named = Graph(
        graph.inputs,
        tuple(replace(each, output=LONG) for each in graph.nodes),
        (LONG,),
        {name: each for name, each in graph.quantization.items() if name == x.name},
    )
    file.save(named, tmp_path / "net.bittrue")
    np.save(tmp_path / "x.npy", codes_of(x, 3))
    return tmp_path / "net.bittrue"


def options(command: str) -> set[str]:
    parser = cli.whole_parser()
    subparsers = next(each for each in parser._actions if each.dest == "command")
    assert isinstance(subparsers.choices, dict)
    return {name for each in subparsers.choices[command]._actions for name in each.option_strings}


def test_what_is_written_is_called_output_by_every_command() -> None:
    writing = set(COMMANDS) - {"check", "completion", "devices", "evaluate"}
    assert {name for name in writing if "--output" in options(name)} == writing
    for command in COMMANDS:
        assert not {"--out", "--svg", "-o"} & options(command)


def test_a_device_is_a_part_and_a_family_a_family() -> None:
    assert {name for name in COMMANDS if "--device" in options(name)} == {
        "allocate", "build", "check", "engine", "evaluate", "sim",
    }  # fmt: skip
    assert {name for name in COMMANDS if "--family" in options(name)} == {"synth"}


def test_options_are_written_out(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Old spellings are no abbreviations of the new ones."""
    words = ["build", str(model), "--device", "zynq7020", "--out", str(model.parent / "out")]
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "the following arguments are required: --output" in capsys.readouterr().err
    assert not (model.parent / "out").exists()


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    version = (ROOT / "pyproject.toml").read_text().split('version = "')[1].split('"')[0]
    assert capsys.readouterr().out == f"bittrue {version}\n"


def test_regress_is_there_in_a_checkout_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert "regress" in cli.available()
    monkeypatch.chdir(tmp_path)
    assert set(cli.available()) == set(COMMANDS) - {"regress"}
    with pytest.raises(SystemExit, match="2"):
        main(["regress"])
    assert "invalid choice: 'regress'" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_option(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for command in cli.available():
        assert command in script
    for option in options("build"):
        assert option.lstrip("-") in script


def test_bash_completes_commands_options_values_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.bittrue").touch()
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    ask = """
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
$(complete -p bittrue | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    for words, expected in (
        ("bittrue sh", {"show"}),
        ("bittrue sim --lay", {"--layers"}),
        ("bittrue build --device artix1", {"artix12t", "artix15t", "artix100t"}),
        ("bittrue show net", {"net.bittrue"}),
    ):
        answer = subprocess.run(
            ["bash", "-c", script + ask.format(words=words)],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert set(answer.stdout.split()) == expected, answer


def test_show_says_what_run_is_fed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(model), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (fed,), (given,) = shown["inputs"], shown["outputs"]
    low, high = fed["minimum"], fed["maximum"]
    codes = np.random.default_rng(1).integers(low, high, (2, *fed["shape"]), endpoint=True)
    np.save(model.parent / "x.npy", codes.astype(fed["array"]))
    words = ["--input", str(model.parent / "x.npy"), "--output", str(model.parent / "y.npy")]
    assert main(["run", str(model), *words]) == 0
    made = np.load(model.parent / "y.npy")
    assert (made.shape[1:], made.dtype) == (tuple(given["shape"]), np.dtype(given["array"]))
    assert main(["show", str(model)]) == 0
    text = capsys.readouterr().out
    assert f"shape (N, {', '.join(map(str, fed['shape']))}), {fed['array']}, codes {low} to" in text


def test_rows_of_a_plan_are_called_as_show_calls_them(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(model), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["layers"]
    words = ["build", str(model), "--device", "zynq7020", "--cycles", "2000"]
    assert main([*words, "--output", str(model.parent / "out"), "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [(each["index"], each["name"]) for each in planned["layers"]] == [
        (each["index"], each["name"]) for each in shown
    ]
    assert main([*words, "--output", str(model.parent / "out")]) == 0
    table = capsys.readouterr().out
    for each in shown:
        assert f"{each['index']}  {each['name']}  " in table


def test_nothing_is_cut_in_a_pipe(model: Path) -> None:
    command = [sys.executable, "-m", "bittrue", "show", str(model)]
    environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    piped = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert LONG in piped
    assert "…" not in piped
    # In a terminal, the table keeps to its width.
    assert max(map(len, in_terminal(command, environment).splitlines())) <= 80


def in_terminal(command: list[str], environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=environment | {"TERM": "dumb"}, stdout=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # The other end is closed.
            part = b""
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait() == 0
    # Sentences are left to the terminal.
    sentences = ("input", "output")
    return "\n".join(line for line in said.decode().splitlines() if not line.startswith(sentences))


def test_a_failure_overwrites_nothing(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of two outputs cannot be written; the other one stays what it was."""
    folder = model.parent
    (folder / "y.npy").write_bytes(b"before")
    (folder / "all").mkdir()
    (folder / "all" / f"{LONG}.npy").mkdir()
    words = ["--input", str(folder / "x.npy"), "--output", str(folder / "y.npy")]
    assert main(["run", str(model), *words, "--tensors", str(folder / "all")]) == 3
    assert f"{LONG}.npy: Is a directory; the file was not written" in capsys.readouterr().err
    assert (folder / "y.npy").read_bytes() == b"before"
    assert [path.name for path in (folder / "all").iterdir()] == [f"{LONG}.npy"]
    assert not list(folder.glob(".y*"))
    shutil.rmtree(folder / "all")
    assert main(["run", str(model), *words, "--tensors", str(folder / "all")]) == 0
    assert np.load(folder / "y.npy").shape[0] == 3
