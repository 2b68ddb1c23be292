"""The engine's bench: built once for an engine, run for any program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.golden.child_process import run_program
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Unit
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.engine.register_map import registers

Bytes = NDArray[np.uint8]

BASE = 0x3_0000_0000
"""Of the bench's memory."""

_FOLDER = Path(__file__).parent
_BENCH = (_FOLDER / "memory_ports.v", _FOLDER / "engine_bench.v")
_MAIN = _FOLDER / "engine_main.cpp"
_PAGE = 4096
_MASK = 0xFFFFFFFF

_TOP = """\
module bench_top{ports};
{clock}
    engine_bench #(.LANES({lanes}), .WORDS({words})) bench (.clk(clk));
endmodule
"""
_CLOCK = """\
    reg clk;
    initial begin
        clk = 0;
        forever #5 clk = !clk;
    end
"""


@dataclass(frozen=True)
class HostMemory:
    """How the memory of the bench behaves; see ``memory_ports.v``.

    Parameters
    ----------
    latency : int
        Cycles from an address to its first word.
    rate : int
        Words of a port in 256 cycles, up to 256.
    period, pause : int
        Of each `period` cycles, the first `pause` move no word.
    stall : int
        Probability in 256 that a channel waits in a cycle.
    seed : int
        Of the stalls.
    """

    latency: int = 40
    rate: int = 205
    period: int = 0
    pause: int = 0
    stall: int = 0
    seed: int = 1

    def plusargs(self) -> list[str]:
        """Return it as the bench is told."""
        names = ("latency", "rate", "period", "pause", "stall", "seed")
        return [f"+{name}={getattr(self, name)}" for name in names]


@dataclass
class Run:
    """What a bench logged.

    Parameters
    ----------
    writes : list of (int, bytes)
        Address and word, in order.
    ends : dict of Unit to list of int
        The cycle in which each instruction of a unit ended, in order.
    values : list of int
        What was read of registers, in order.
    interrupted : bool
        Whether the latest interrupt that was waited for came in time.
    outside : int
        Accesses where there is no memory.
    begin : int
        Cycle in which the latest program began.
    registers : dict of str to int
        Registers by their names, as they were read last.
    """

    writes: list[tuple[int, bytes]] = field(default_factory=list)
    ends: dict[Unit, list[int]] = field(default_factory=lambda: {unit: [] for unit in Unit})
    values: list[int] = field(default_factory=list)
    interrupted: bool = False
    outside: int = 0
    begin: int = 0
    registers: dict[str, int] = field(default_factory=dict)


class Orders:
    """What the bench's host does, in order.

    Parameters
    ----------
    engine : EngineConfiguration
    work : Path
        Folder of the run.
    """

    def __init__(self, engine: EngineConfiguration, work: Path) -> None:
        self.engine = engine
        self.work = work
        self.lines: list[str] = []
        self.names: list[str] = []
        """Registers that are read."""
        self._addresses = {each.name: each.address for each in registers(engine)}

    def load(self, address: int, content: Bytes) -> None:
        """Have memory hold some bytes."""
        lanes = self.engine.lanes
        words = np.pad(content, (0, -len(content) % lanes)).reshape(-1, lanes)
        name = f"content_{len(self.lines)}"
        (self.work / name).write_bytes(words[:, ::-1].tobytes())
        self.lines.append(f"l {address:x} {len(words)} {name}")

    def write(self, register: str, value: int) -> None:
        """Write a register."""
        self.lines.append(f"w {self._addresses[register]:x} {value:x}")

    def read(self, register: str) -> None:
        """Read a register."""
        self.names.append(register)
        self.lines.append(f"r {self._addresses[register]:x}")

    def read_all(self) -> None:
        """Read every register."""
        for name in self._addresses:
            self.read(name)

    def fail(self, address: int) -> None:
        """Have the word at an address answer with an error from now on."""
        self.lines.append(f"f {address:x}")

    def start(
        self,
        image: bytes,
        data: Bytes,
        cycles: int,
        changes: Mapping[str, int] | None = None,
    ) -> None:
        """Load a program and its data, start it, and wait for the interrupt.

        Parameters
        ----------
        image : bytes
        data : ndarray of uint8
            The data region before.
        cycles : int
            To wait for at most.
        changes : mapping of str to int, optional
            Registers that are written otherwise than they should be.
        """
        lanes = self.engine.lanes
        places = place_of_image(lanes), place_of_data(len(image), lanes)
        self.load(places[0], np.frombuffer(image, np.uint8))
        self.load(places[1], data)
        values = {"interrupt_enable": 3, "interrupt_status": 3}
        for name, place, size in zip(
            ("image", "data"), places, (len(image), len(data)), strict=True
        ):
            values |= {f"{name}_low": place & _MASK, f"{name}_high": place >> 32}
            values[f"{name}_bytes"] = size
        for name, value in (values | dict(changes or {})).items():
            self.write(name, value)
        self.write("control", 1)
        self.lines.append(f"i {cycles}")


@dataclass(frozen=True)
class Bench:
    """A bench that is built.

    Parameters
    ----------
    engine : EngineConfiguration
    simulator : str
    folder : Path
        The build.
    words : int
        Of its memory.
    """

    engine: EngineConfiguration
    simulator: str
    folder: Path
    words: int

    def run(
        self,
        image: bytes,
        data: Bytes,
        work: Path,
        memory: HostMemory | None = None,
        cycles: int = 1 << 30,
        timeout: float | None = None,
    ) -> Run:
        """Run a program once, and read all registers; see `Orders.start` and `execute`."""
        needed = needed_words(len(image), len(data), self.engine)
        if needed > self.words:
            raise ExecutionError(f"the bench has {self.words} words of memory, {needed} are needed")
        orders = Orders(self.engine, work)
        orders.start(image, data, cycles)
        orders.read_all()
        return self.execute(orders, memory, timeout)

    def execute(
        self, orders: Orders, memory: HostMemory | None = None, timeout: float | None = None
    ) -> Run:
        """Carry orders out, from reset on.

        Parameters
        ----------
        orders : Orders
        memory : HostMemory, optional
        timeout : float, optional
            Seconds.

        Raises
        ------
        ExecutionError
            If the simulator fails.
        """
        (orders.work / "orders").write_text("\n".join([*orders.lines, "q", ""]))
        command = {
            "verilator": [str((self.folder / verilator.PROGRAM).resolve())],
            "icarus": ["vvp", "-n", str((self.folder / icarus.PROGRAM).resolve())],
        }[self.simulator]
        plusargs = (memory or HostMemory()).plusargs()
        try:
            finished = run_program([*command, *plusargs], orders.work, timeout=timeout)
        except TimeoutExpired:
            raise ExecutionError(
                f"{self.simulator} did not finish within {timeout:.0f} s and was stopped"
            ) from None
        if finished.returncode:
            said = (finished.stderr or finished.stdout).strip().splitlines()[-1:]
            raise ExecutionError(f"{self.simulator} failed: {' '.join(said)}")
        run = _read(orders.work / "log", self.engine.lanes)
        run.registers = dict(zip(orders.names, run.values, strict=True))
        return run


def place_of_image(lanes: int) -> int:
    """Return the address of the image: pages end within it, and nothing lies before it."""
    return BASE + _PAGE + 5 * lanes


def place_of_data(image_bytes: int, lanes: int) -> int:
    """Return the address of the data region behind an image, with a page between."""
    end = place_of_image(lanes) + image_bytes + _PAGE
    return end + -end % _PAGE + 3 * lanes


def needed_words(image_bytes: int, data_bytes: int, engine: EngineConfiguration) -> int:
    """Return the words of memory that a program's bench needs, with a page at its end."""
    end = place_of_data(image_bytes, engine.lanes) + data_bytes + _PAGE
    return -(-(end - BASE) // engine.lanes)


def build_bench(
    engine: EngineConfiguration,
    sources: Sequence[Path],
    simulator: str,
    folder: Path,
    words: int,
) -> Bench:
    """Build the bench of an engine, unless that is done already.

    Parameters
    ----------
    engine : EngineConfiguration
    sources : sequence of Path
        Its Verilog, with top module ``engine``.
    simulator : {"verilator", "icarus"}
    folder : Path
        Where builds go.
    words : int
        Of the memory, at least.
    """
    words = 1 << (words - 1).bit_length()
    driven = simulator == "verilator"
    text = _TOP.format(
        ports="(input wire clk)" if driven else "",
        clock="" if driven else _CLOCK,
        lanes=engine.lanes,
        words=words,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="bittrue-") as name:
        top = Path(name) / "bench_top.v"
        top.write_text(text)
        everything = [*sources, *_BENCH, top]
        if simulator == "verilator":
            build = verilator.build(
                "engine", everything, "bench_top", folder, optimisation="-O2", main=_MAIN
            )
        else:
            build = icarus.build("engine", everything, "bench_top", folder)
    return Bench(engine, simulator, build, words)


def _read(path: Path, lanes: int) -> Run:
    run = Run()
    for line in path.read_text().splitlines():
        match line.split():
            case ["s", address, word]:
                run.writes.append((int(address, 16), int(word, 16).to_bytes(lanes, "little")))
            case ["e", unit, cycle]:
                run.ends[Unit(int(unit))].append(int(cycle))
            case ["r", value]:
                run.values.append(int(value, 16))
            case ["i", value]:
                run.interrupted = value == "1"
            case ["b", cycle]:
                run.begin = int(cycle)
            case ["x"]:
                run.outside += 1
    return run
