"""Build folders are complete or absent, and made once."""

from pathlib import Path

import pytest

from flows.simulators.build_once import build_once, digest


def test_builds_once(tmp_path: Path) -> None:
    calls = []

    def build(folder: Path) -> None:
        calls.append(folder)
        (folder / "result").write_text("done")

    for _ in range(2):
        assert (build_once(tmp_path / "unit", build) / "result").read_text() == "done"
    assert len(calls) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_nothing(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise interruption

    with pytest.raises(interruption):
        build_once(tmp_path / "unit", interrupted)
    assert list(tmp_path.iterdir()) == []
    build_once(tmp_path / "unit", lambda folder: (folder / "whole").touch())
    assert [path.name for path in (tmp_path / "unit").iterdir()] == ["whole"]


def test_a_build_finished_elsewhere_meanwhile_is_used(tmp_path: Path) -> None:
    def overtaken(folder: Path) -> None:
        build_once(tmp_path / "unit", lambda other: (other / "theirs").touch())
        (folder / "ours").touch()

    build_once(tmp_path / "unit", overtaken)
    assert [path.name for path in (tmp_path / "unit").iterdir()] == ["theirs"]


def test_digest_tells_where_texts_end() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["ab", "c"]) == digest(["ab", "c"])
