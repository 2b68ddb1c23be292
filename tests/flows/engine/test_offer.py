"""The engine, offered where a network does not fit, and only where it would run there."""

from pathlib import Path

import pytest

from bittrue.cli import main
from bittrue.flows.engine.compile import compile_graph
from bittrue.flows.engine.offer import engine_offer
from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.graph import Graph, Tensor, file
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.graphs import dense

ZYNQ7020 = (53_200, 220, 140)


def test_its_cycles_are_those_of_the_compiler() -> None:
    graph = dense(64, 24)
    cycles = compile_graph(graph, CONFIGURATIONS["zynq7020"]).report.cycles
    offer = engine_offer(graph, *ZYNQ7020)
    assert offer.startswith("; ")
    assert f" {cycles:,} cycles " in offer
    assert "--device zynq7020" in offer


@pytest.mark.parametrize("amounts", [(41_999, 216, 140), (53_200, 215, 140), (53_200, 220, 125)])
def test_a_device_without_room_is_offered_nothing(amounts: tuple[int, int, int]) -> None:
    assert engine_offer(dense(64, 24), *amounts) == ""


def test_what_the_engine_does_not_take_is_offered_nothing() -> None:
    x = Tensor.of_type("x", (4, 4, 8), IntegerType(16, True))
    graph = Graph((x,), (Clamp(inputs=("x",), output="y", minimum=0, maximum=5),), ("y",))
    assert engine_offer(graph, *ZYNQ7020) == ""


def test_build_offers_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.save(dense(2048, 1024), tmp_path / "large.bittrue")
    words = ["--device", "zynq7020", "--output", str(tmp_path / "out")]
    assert main(["build", str(tmp_path / "large.bittrue"), *words]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "does not fit a Xilinx Zynq-7020" in said
    assert "bittrue engine --device zynq7020" in said
