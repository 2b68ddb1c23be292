"""The engine's drivers, in Python and in C, against the simulated engine."""

import ctypes
import hashlib
import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bittrue
from bittrue.flows.arguments.code_files import in_graph_layout
from bittrue.flows.building.drivers.write import write_engine_drivers
from bittrue.flows.engine.program_files import write_program
from bittrue.golden.engine.instruction import SIZE
from bittrue.golden.engine.program import HEADER
from bittrue.golden.graph import Graph
from bittrue.hdl.engine.register_map import FAULTS, Fault
from cocotb_tests.building.networks import quantized_single
from cocotb_tests.building.simulated_folder import images_of, real
from cocotb_tests.engine.driven_engine import DrivenEngine, driven
from cocotb_tests.engine.whole_engine import TIGHT, bench, compiled_for
from cocotb_tests.network.random_networks import random_network

HERE = Path(__file__).parent
NETWORKS: dict[str, Callable[[], Graph]] = {
    "quantized": quantized_single,
    "random": lambda: random_network(11),
}
OK, BUSY, NOT_FOUND, OTHER_ENGINE, TIMEOUT, FAULT, BAD_VALUE = 0, 1, -1, -2, -4, -5, -6


class Delivered:
    """A network's program and the engine's drivers, as files; images, and what golden makes."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.graph = graph
        self.folder = folder
        write_engine_drivers(folder, TIGHT, "engine")
        write_program(folder / "net.bin", compiled_for(graph), graph, "net")
        self.images = images_of(graph)
        self.expected = bittrue.predict(graph, self.images)

    @property
    def program(self) -> str:
        return str(self.folder / "net.bin")

    def driver(self, right: str = "", wrong: str = "") -> Any:
        """Import the driver as a user does who has the one file, or one with a fault in it."""
        text = (self.folder / "engine.py").read_text()
        assert right in text
        place = self.folder / "driver.py"
        place.write_text(text.replace(right, wrong) if right else text)
        spec = importlib.util.spec_from_file_location("engine_driver", place)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def change(self, place: int, value: int) -> None:
        """Give a byte of the image another value, and the description the digest of that."""
        image = bytearray(Path(self.program).read_bytes())
        image[place] = value
        Path(self.program).write_bytes(image)
        described = self.folder / "net.json"
        document = json.loads(described.read_text())
        document["image"]["sha256"] = hashlib.sha256(image).hexdigest()
        described.write_text(json.dumps(document))


@pytest.fixture(params=NETWORKS)
def delivered(request: pytest.FixtureRequest, tmp_path: Path) -> Delivered:
    return made(request.param, tmp_path)


def made(name: str, work: Path) -> Delivered:
    folder = work / "delivered"
    folder.mkdir()
    return Delivered(NETWORKS[name](), folder)


def some(faults: Iterable[str], first: str) -> list[Any]:
    """Return one fault for every run of the tests, and the others for ``make regress``."""
    return [
        name if name == first else pytest.param(name, marks=pytest.mark.regress) for name in faults
    ]


def alone(arrays: dict[str, Any]) -> Any:
    return arrays if len(arrays) > 1 else next(iter(arrays.values()))


def by_name(results: Any, names: Any) -> dict[str, Any]:
    return results if isinstance(results, dict) else dict(zip(names, [results], strict=True))


def test_the_python_driver_predicts_what_golden_computes(
    delivered: Delivered, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    expected, graph = delivered.expected, delivered.graph
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        driver = delivered.driver()
        net = driver.Network(engine, engine.allocate, delivered.program, timeout=60)
        codes = by_name(net.predict_codes(alone(delivered.images)), expected)
        values = by_name(net.predict(alone(delivered.images)), expected)
        for name, wanted in expected.items():
            np.testing.assert_array_equal(codes[name], wanted)
        for name, wanted in real(graph, expected).items():
            np.testing.assert_array_equal(values[name], wanted)
        counters = net.counters()
        assert counters["cycles"] > counters["busy_compute"] > 0
        assert counters["instructions"] == len(compiled_for(graph).program.instructions) - 1
        buffers = [net._image, *net._data]
        net.close()
        assert all(buffer.freed for buffer in buffers)
        images = len(next(iter(delivered.images.values())))
        print(f"driver: {2 * images} images, none wrong, {engine.accesses} accesses")


FAULTY = {
    "one region for all": ("[image % SLOTS]", "[0]"),
    "codes without signs": ("(codes ^ half) - half", "codes"),
    "no flush": ("data.flush()", "pass"),
    "no invalidation": ("data.invalidate()", "pass"),
    "one lane": ('* record["lanes"] + lane', '* record["lanes"] + 0 * lane'),
}


@pytest.mark.parametrize("fault", some(FAULTY, "one region for all"))
def test_faults_of_the_python_driver_are_noticed(
    fault: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    """Negative control."""
    delivered = made("quantized", tmp_path)
    driver = delivered.driver(*FAULTY[fault])
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        net = driver.Network(engine, engine.allocate, delivered.program, timeout=60)
        codes = net.predict_codes(alone(delivered.images))
        assert (codes != alone(delivered.expected)).any()


def test_a_fault_is_one_line_and_the_engine_goes_on(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    delivered = made("quantized", tmp_path)
    driver = delivered.driver()
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:

        def network() -> Any:
            return driver.Network(engine, engine.allocate, delivered.program, timeout=60)

        net = network()
        right = net._image[HEADER.size]
        # An opcode that there is not, in memory: files are checked before.
        net._image[HEADER.size] = 99
        net._image.flush()
        message = f"fault 8 at instruction 0 of layer 0 .*: {FAULTS[Fault.OPCODE]}$"
        with pytest.raises(driver.AcceleratorError, match=message) as error:
            net.predict(delivered.images["x"])
        assert "\n" not in str(error.value)
        net._image[HEADER.size] = right
        net._image.flush()
        net.predict(delivered.images["x"])

        engine.fail(net._image.device_address + HEADER.size + SIZE)
        with pytest.raises(driver.AcceleratorError, match=FAULTS[Fault.RESPONSE]):
            net.predict(delivered.images["x"])
        engine.fail(0)
        codes = net.predict_codes(delivered.images["x"])
        np.testing.assert_array_equal(codes, alone(delivered.expected))


def test_what_is_for_another_engine_is_refused(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    delivered = made("quantized", tmp_path)
    driver = delivered.driver()
    described = delivered.folder / "net.json"
    text = described.read_text()

    def refused(engine: DrivenEngine, message: str) -> None:
        with pytest.raises(driver.AcceleratorError, match=message) as error:
            driver.Network(engine, engine.allocate, delivered.program)
        assert "\n" not in str(error.value)

    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        for name, value, message in (
            (
                "needs",
                {**json.loads(text)["needs"], "lanes": 8},
                "needs 8 lanes, this engine has 4",
            ),
            ("needs", {**json.loads(text)["needs"], "tables": 9}, "needs 9 tables, this engine"),
            ("format", "something", "describes no program"),
            ("version", 99, "it has version 99"),
        ):
            described.write_text(json.dumps({**json.loads(text), name: value}))
            refused(engine, message)
        described.write_text("{")
        refused(engine, "net.json")
        described.write_text(text)
        image = Path(delivered.program)
        image.write_bytes(image.read_bytes()[:-1])
        refused(engine, "not the image that its .json describes")
        driver.DESIGN["constants"]["pixels"] += 1
        refused(engine, "register pixels is 2, this driver is for 3")
        driver.DESIGN["identification"] ^= 1
        refused(engine, "no engine of bittrue answers")


class CDriver:
    """The C driver, compiled with the program's header, by its functions."""

    def __init__(self, delivered: Delivered, engine: DrivenEngine, text: str) -> None:
        folder = delivered.folder
        (folder / "driver.c").write_text(text)
        (folder / "program.c").write_text(
            '#include "net.h"\n'
            "const struct engine_program *the_program(void) { return &net; }\n"
            "const struct engine_end *input(int place) { return &net.inputs[place]; }\n"
            "const struct engine_end *output(int place) { return &net.outputs[place]; }\n"
        )
        gcc = ["gcc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC"]
        board = ["-include", str(HERE / "c_engine_board.h")]
        for command in (
            [*gcc, *board, "-c", "driver.c"],
            [*gcc, "-shared", "-o", "driver.so", "driver.o", "program.c", "-lm"],
        ):
            subprocess.run(command, check=True, cwd=folder)
        self._library = ctypes.CDLL(str(folder / "driver.so"))
        for name in ("the_program", "input", "output"):
            getattr(self._library, name).restype = ctypes.c_void_p
        sizes = (ctypes.c_size_t, ctypes.c_size_t)
        # Kept, because the library has only their addresses.
        self._calls = (
            ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t)(engine.read),
            ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_uint32)(engine.write),
            ctypes.CFUNCTYPE(None, *sizes)(engine.flush),
            ctypes.CFUNCTYPE(None, *sizes)(engine.invalidate),
        )
        self._library.connect_board(*self._calls[:2])
        self._library.connect_memory(*self._calls[2:])
        self._net = ctypes.create_string_buffer(256)
        image = np.fromfile(delivered.program, np.uint8)
        self.image = engine.allocate(image.shape, np.uint8)
        self.image[:] = image
        size = json.loads((folder / "net.json").read_text())["data_bytes"]
        self.data = [engine.allocate((size,), np.uint8) for _ in range(2)]

    def call(self, name: str, *arguments: Any) -> int:
        return getattr(self._library, f"engine_{name}")(self._net, *arguments)

    def open(self) -> int:
        program = ctypes.c_void_p(self._library.the_program())
        return self.call("open", ctypes.c_size_t(0), program, pointer(self.image))

    def fault(self) -> tuple[int, int, str]:
        instruction = ctypes.c_uint32()
        fault = self.call("fault", ctypes.byref(instruction))
        meaning = self._library.engine_fault_message
        meaning.restype = ctypes.c_char_p
        return fault, instruction.value, meaning(fault).decode()

    def pack(self, place: int, values: Any, data: Any) -> int:
        real_values = values.dtype.kind == "f"
        values = np.ascontiguousarray(values, np.float32 if real_values else np.int64)
        function = self._library["engine_pack" if real_values else "engine_pack_codes"]
        end = ctypes.c_void_p(self._library.input(place))
        return function(end, pointer(values), pointer(data))

    def unpack(self, place: int, data: Any, size: int) -> tuple[Any, Any]:
        codes, values = np.empty(size, np.int64), np.empty(size, np.float32)
        end = ctypes.c_void_p(self._library.output(place))
        self._library.engine_unpack_codes(end, pointer(data), pointer(codes))
        self._library.engine_unpack(end, pointer(data), pointer(values))
        return codes, values


def pointer(array: Any) -> Any:
    return ctypes.c_void_p(array.ctypes.data)


def wrong_codes(delivered: Delivered, c: CDriver, engine: DrivenEngine) -> tuple[int, int]:
    """Run all images, the first by polling and the rest by interrupts; count codes, and wrong ones.

    While the engine works on one, the next one is packed.
    """
    graph = delivered.graph
    given = {n: in_graph_layout(graph, n, each) for n, each in delivered.images.items()}
    expected = {n: in_graph_layout(graph, n, each) for n, each in delivered.expected.items()}
    wanted_values = real(graph, expected)
    assert c.open() == OK

    def packed(image: int) -> Any:
        data = c.data[image % 2]
        for place, values in enumerate(given.values()):
            assert c.pack(place, values[image], data) == OK
        return data

    compared = wrong = 0

    def judge(image: int) -> None:
        nonlocal compared, wrong
        for place, name in enumerate(expected):
            wanted = expected[name][image].ravel()
            codes, values = c.unpack(place, c.data[image % 2], wanted.size)
            right = wanted_values[name][image].ravel().astype(np.float32)
            wrong += int(((codes != wanted) | (values != right)).sum())
            compared += wanted.size

    count = len(next(iter(given.values())))
    assert c.call("run", pointer(packed(0)), 100_000) == OK
    judge(0)
    c.call("enable_interrupt")
    status = c.call("start", pointer(packed(1)))
    for image in range(1, count):
        following = packed(image + 1) if image + 1 < count else None
        assert status == BUSY
        assert engine.wait_for_interrupt()
        assert c.call("interrupt") == OK
        if following is not None:
            status = c.call("start", pointer(following))
        judge(image)
    print(f"driver: {count} images, {compared} codes, {wrong} wrong, {engine.accesses} accesses")
    return compared, wrong


def test_the_c_driver_computes_what_golden_computes(
    delivered: Delivered, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        c = CDriver(delivered, engine, (delivered.folder / "engine.c").read_text())
        compared, wrong = wrong_codes(delivered, c, engine)
    assert compared
    assert not wrong


C_FAULTY = {
    "lanes as planes": ("channel % end->lanes;", "channel / end->lanes;"),
    "no flush": ("ACCELERATOR_FLUSH(data, net->program->data_bytes);", ""),
    "no invalidation": ("ACCELERATOR_INVALIDATE(net->data, net->program->data_bytes);", ""),
    "floor": ("rintf(value / (float)end->scale)", "floorf(value / (float)end->scale)"),
    "signs": ("end->is_signed && bits >= half", "0"),
}


@pytest.mark.parametrize("fault", some(C_FAULTY, "no invalidation"))
def test_faults_of_the_c_driver_are_noticed(
    fault: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    """Negative control."""
    delivered = made("quantized", tmp_path)
    text = (delivered.folder / "engine.c").read_text()
    right, wrong = C_FAULTY[fault]
    assert right in text
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        c = CDriver(delivered, engine, text.replace(right, wrong))
        assert wrong_codes(delivered, c, engine)[1]


def test_the_c_driver_tells_a_fault_and_what_is_wrong(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    delivered = made("quantized", tmp_path)
    delivered.change(HEADER.size + 2 * SIZE, 99)
    with driven(bench(any_simulator, builds, tmp_path), tmp_path) as engine:
        c = CDriver(delivered, engine, (delivered.folder / "engine.c").read_text())
        assert c.open() == OK
        assert c.call("run", pointer(c.data[0]), 100_000) == FAULT
        assert c.fault() == (Fault.OPCODE, 2, FAULTS[Fault.OPCODE])
        images = delivered.images["x"][0]
        assert c.pack(0, np.full_like(images, np.nan), c.data[0]) == BAD_VALUE
        assert c.pack(0, np.full(images.shape, 300), c.data[0]) == BAD_VALUE
        assert c.call("run", pointer(c.data[0]), 1) == TIMEOUT
        right = engine.read
        for flipped, status in ((0, NOT_FOUND), (8, OTHER_ENGINE)):
            c._calls = (
                ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t)(
                    lambda at, other=flipped: right(at) ^ (at == other)
                ),
                *c._calls[1:],
            )
            c._library.connect_board(*c._calls[:2])
            assert c.open() == status
