"""Networks and wrong programs in the whole engine: registers, AXI, every byte that is stored."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bittrue.building import random_images
from bittrue.cli import main
from bittrue.flows.building.engine_folder import write_engine
from bittrue.flows.engine.compile import Compiled
from bittrue.flows.simulation.engine.bench import HostMemory, Orders, place_of_data, place_of_image
from bittrue.flows.simulation.engine.compare import StoreObserver, compare
from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.engine.configuration import FILE, read_configuration
from bittrue.golden.engine.execute import Engine
from bittrue.golden.engine.instruction import SIZE, Instruction, Load, Matrix, Region, Store, Unit
from bittrue.golden.engine.program import HEADER, Program
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph.file import save
from bittrue.hdl.engine.register_map import IDENTIFICATION, Fault, registers
from cocotb_tests.engine.whole_engine import (
    QUIET,
    ROUGH,
    SLOW,
    TIGHT,
    bench,
    compiled_for,
    design,
    random_data,
    run,
)
from cocotb_tests.network.random_networks import random_network

BASE = 3
"""Network of the wrong programs."""

_CYCLES = 4_000
"""After which an engine that does not end is given up."""


@dataclass(frozen=True)
class Wrong:
    """A program, or what the host does with it, that the engine must refuse.

    Parameters
    ----------
    fault : Fault
    change : callable, optional
        Of the program's instructions, in place; returns the number of the one that is wrong.
    of_image : callable, optional
        Of the image's bytes, in place.
    registers : dict of str to int
        That are written otherwise than they should be; below 0, so much less.
    fails : callable, optional
        Word whose access fails, from the compiled program.
    """

    fault: Fault
    change: Callable[[list[Instruction]], int] | None = None
    of_image: Callable[[bytearray], None] | None = None
    registers: tuple[tuple[str, int], ...] = ()
    fails: Callable[[Compiled], int] | None = None


def last_of(kind: type[Instruction], instructions: list[Instruction]) -> int:
    return max(n for n, each in enumerate(instructions) if isinstance(each, kind))


def changed(kind: type[Instruction], **values: int) -> Callable[[list[Instruction]], int]:
    """Return what gives the last instruction of a kind other fields."""

    def change(instructions: list[Instruction]) -> int:
        number = last_of(kind, instructions)
        instructions[number] = replace(instructions[number], **values)
        return number

    return change


def without_end(instructions: list[Instruction]) -> int:
    store = instructions[last_of(Store, instructions)]
    instructions[-1] = replace(store, waits=0, signals=0)
    return len(instructions) - 1


def waits_for_nothing(instructions: list[Instruction]) -> int:
    instructions[0] = replace(instructions[0], waits=1 << Unit.STORE)
    return 0


def byte(place: int, value: int) -> Callable[[bytearray], None]:
    def put(image: bytearray) -> None:
        image[place] = value

    return put


def first_load_of_image(compiled: Compiled) -> int:
    load = next(
        each
        for each in compiled.program.instructions
        if isinstance(each, Load) and each.region == Region.IMAGE
    )
    return place_of_image(TIGHT.lanes) + load.address


def first_store(compiled: Compiled) -> int:
    store = next(each for each in compiled.program.instructions if isinstance(each, Store))
    return place_of_data(len(compiled.image), TIGHT.lanes) + store.address


WRONG = {
    "no program": Wrong(Fault.MAGIC, of_image=byte(3, 0)),
    "another version": Wrong(Fault.VERSION, of_image=byte(8, 2)),
    "bytes of the header": Wrong(Fault.HEADER, of_image=byte(60, 1)),
    "for another engine": Wrong(Fault.OTHER_ENGINE, of_image=byte(16, 8)),
    "for larger memories": Wrong(Fault.OTHER_ENGINE, of_image=byte(23, 1)),
    "less data than it needs": Wrong(Fault.DATA_BYTES, registers=(("data_bytes", -1),)),
    "cut off": Wrong(Fault.TRUNCATED, registers=(("image_bytes", HEADER.size + SIZE),)),
    "a part of a header": Wrong(Fault.TRUNCATED, registers=(("image_bytes", HEADER.size - 4),)),
    "an address between words": Wrong(Fault.ALIGNMENT, registers=(("data_low", -1),)),
    "an opcode": Wrong(Fault.OPCODE, of_image=byte(HEADER.size, 99)),
    "a byte of no field": Wrong(Fault.OPCODE, of_image=byte(HEADER.size + 63, 1)),
    "nothing to compute": Wrong(Fault.FIELD, changed(Matrix, rows=0)),
    "output beyond its memory": Wrong(Fault.FIELD, changed(Matrix, output=TIGHT.output_words)),
    "a token that nobody sends": Wrong(Fault.TOKEN, waits_for_nothing),
    "no end": Wrong(Fault.END, without_end),
    "a load beyond its region": Wrong(Fault.REGION, changed(Load, address=(1 << 32) - 4)),
    "a store beyond its region": Wrong(Fault.REGION, changed(Store, address=(1 << 31))),
    "a row beyond its region": Wrong(
        Fault.REGION, changed(Store, rows=2, run=1, row_stride=(1 << 32) - 4)
    ),
    "a load beyond its memory": Wrong(Fault.MEMORY, changed(Load, destination=(1 << 19))),
    "a load that memory refuses": Wrong(Fault.RESPONSE, fails=first_load_of_image),
    "a store that memory refuses": Wrong(Fault.RESPONSE, fails=first_store),
    "a program that memory refuses": Wrong(
        Fault.RESPONSE, fails=lambda _: place_of_image(TIGHT.lanes) + HEADER.size + SIZE
    ),
}


def image_of(compiled: Compiled, wrong: Wrong) -> tuple[bytes, int | None]:
    """Return the image with what is wrong, and the number of the instruction."""
    number = None
    instructions = list(compiled.program.instructions)
    if wrong.change is not None:
        number = wrong.change(instructions)
    constants = compiled.image[compiled.program.constants :]
    image = bytearray(Program(compiled.program.needs, tuple(instructions)).encode(constants))
    if wrong.of_image is not None:
        wrong.of_image(image)
    return bytes(image), number


QUICK = (
    "another version", "cut off", "an opcode", "nothing to compute", "a token that nobody sends",
    "a store beyond its region", "a load beyond its memory", "a store that memory refuses",
)  # fmt: skip
"""A fault of every part that finds some; all of them take long."""


@pytest.mark.parametrize(
    ("titles", "memory"),
    [
        (QUICK, ROUGH),
        pytest.param(tuple(WRONG), ROUGH, marks=pytest.mark.regress),
        pytest.param(tuple(WRONG), QUIET, marks=pytest.mark.regress),
    ],
    ids=["some", "rough", "quiet"],
)
def test_wrong_programs_stop_with_their_fault_and_the_next_one_runs(
    titles: tuple[str, ...],
    memory: HostMemory,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
) -> None:
    compiled = compiled_for(random_network(BASE))
    data = random_data(compiled, 1)
    lanes = TIGHT.lanes
    orders = Orders(TIGHT, tmp_path)
    expected, regions = [], []
    for wrong in (WRONG[title] for title in titles):
        image, number = image_of(compiled, wrong)
        right = {
            "data_bytes": len(data),
            "data_low": place_of_data(len(image), lanes) & 0xFFFFFFFF,
        }
        given = {
            name: value if value >= 0 else right[name] + value for name, value in wrong.registers
        }
        orders.fail(wrong.fails(compiled) if wrong.fails else 0)
        orders.start(image, data, _CYCLES, given)
        for name in ("status", "interrupt_status", "fault", "fault_instruction"):
            orders.read(name)
        expected.append([4, 2, wrong.fault, number])
        base = place_of_data(len(image), lanes)
        regions.append((base, base + len(data)))
    orders.fail(0)
    orders.start(compiled.image, data, _CYCLES)
    orders.read_all()
    here = bench(any_simulator, builds, tmp_path)
    ran = here.execute(orders, memory, timeout=300)
    for place, (title, values) in enumerate(zip(titles, expected, strict=True)):
        got = ran.values[4 * place : 4 * place + 4]
        assert got[:3] == values[:3], title
        assert values[3] in (None, got[3]), title
    assert ran.outside == 0
    # All images are as long, so there is one region.
    ((low, high),) = set(regions)
    assert all(low <= address and address + lanes <= high for address, _ in ran.writes)

    observer = StoreObserver()
    Engine(TIGHT, compiled.image, data.copy()).run(observer)
    words = sum(len(each.places) for each in observer.stores)
    ran.writes = ran.writes[-words:]
    assert compare(ran, observer.stores, TIGHT, compiled.image, []).passed
    assert ran.registers["identification"] == IDENTIFICATION
    assert ran.registers["status"] == 2
    assert ran.registers["instructions"] == len(compiled.program.instructions) - 1
    assert ran.registers["bytes_store"] == words * lanes
    assert ran.registers["bytes_load_0"] + ran.registers["bytes_load_1"] == sum(
        each.planes * each.rows * each.run * lanes
        for each in compiled.program.instructions
        if isinstance(each, Load)
    )


SEEDS = (3, 11, 24, 25)
"""Networks that have every kind of instruction between them."""


@pytest.mark.parametrize("seed", SEEDS)
def test_networks_store_what_golden_stores(
    seed: int, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    compiled = compiled_for(random_network(seed))
    here = bench(any_simulator, builds, tmp_path)
    verdict = run(here, compiled, random_data(compiled, 1), tmp_path, ROUGH)
    assert verdict.passed, verdict


def test_what_differs_is_named(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    """Negative control: a program whose last window begins one row too low."""
    compiled = compiled_for(random_network(BASE))
    instructions = list(compiled.program.instructions)
    number = last_of(Matrix, instructions)
    matrix = instructions[number]
    assert isinstance(matrix, Matrix)
    broken, _ = image_of(compiled, Wrong(Fault.NONE, changed(Matrix, top=matrix.top + 1)))
    here = bench(any_simulator, builds, tmp_path)
    executed = replace(compiled, image=broken)
    verdict = run(here, compiled, random_data(compiled, 1), tmp_path, SLOW, executed)
    assert not verdict.passed
    assert verdict.first_difference.startswith(f"layer {matrix.layer} ")
    assert "golden has" in verdict.first_difference


@pytest.mark.regress
@pytest.mark.parametrize("seed", range(60))
def test_every_random_network_that_it_takes(
    seed: int, fast_simulator: str, builds: Path, tmp_path: Path
) -> None:
    try:
        compiled = compiled_for(random_network(seed))
    except UserError:
        assert seed not in SEEDS
        return
    here = bench(fast_simulator, builds, tmp_path)
    memory = replace(ROUGH, seed=seed + 1, stall=(0, 30, 120)[seed % 3], latency=1 + 17 * seed % 90)
    verdict = run(here, compiled, random_data(compiled, seed), tmp_path, memory)
    assert verdict.passed, verdict


def test_a_token_left_out_is_noticed(fast_simulator: str, builds: Path, tmp_path: Path) -> None:
    """Negative control: a computation that does not wait for what it reads.

    Not every network's last one finds its operands late; those of some do.
    """
    here = bench(fast_simulator, builds, tmp_path)
    differing = []
    for compiled in map(compiled_for, map(random_network, SEEDS)):
        if not any(isinstance(each, Matrix) for each in compiled.program.instructions):
            continue
        broken, _ = image_of(compiled, Wrong(Fault.NONE, changed(Matrix, waits=0)))
        executed = replace(compiled, image=broken)
        verdict = run(here, compiled, random_data(compiled, 1), tmp_path, SLOW, executed)
        assert not verdict.problems
        differing.append(verdict.differing)
    assert any(differing), differing


def test_its_verilog_has_no_warnings() -> None:
    assert lint(design()) == []


@pytest.mark.regress
def test_its_folder_is_the_same_every_time_and_names_all_its_files(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_engine(folder, TIGHT, "tight")
    files = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)
    manifest = json.loads((first / "manifest.json").read_text())
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert read_configuration(str(first)) == TIGHT
    assert {each["name"]: each["address"] for each in manifest["registers"]} == {
        each.name: each.address for each in registers(TIGHT)
    }
    write_engine(first, TIGHT, "tight")


@pytest.mark.regress
def test_a_network_is_simulated_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = random_network(BASE)
    save(graph, tmp_path / "net.bittrue")
    write_engine(tmp_path / "engine", TIGHT, "tight")
    inputs = random_images(graph, 2, 1)
    options = []
    for place, (name, codes) in enumerate(inputs.items()):
        np.save(tmp_path / f"{place}.npy", codes)
        options += ["--input", f"{name}={place}.npy"]
    for place, name in enumerate(graph.outputs):
        options += ["--output", f"{name}=y{place}.npy"]
    command = ["sim", "net.bittrue", "--engine", "engine", "--sim", "icarus", *options]
    assert main([*command, "--stall", "40", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"]
    assert len(said["cycles"]) == 2
    assert sum(layer["simulated"] for layer in said["layers"]) <= said["cycles"][0]
    golden = Executor(graph).run(inputs, list(graph.outputs))
    for place, name in enumerate(graph.outputs):
        assert (np.load(tmp_path / f"y{place}.npy") == golden[name]).all()


def test_a_folder_without_a_circuit_is_named(tmp_path: Path) -> None:
    write = tmp_path / FILE
    write.write_text(json.dumps(TIGHT.document()))
    save(random_network(BASE), tmp_path / "net.bittrue")
    command = ["sim", str(tmp_path / "net.bittrue"), "--engine", str(tmp_path)]
    assert main([*command, "--input", "x.npy", "--output", "y.npy"]) == 2
