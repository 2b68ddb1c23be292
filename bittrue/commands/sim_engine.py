"""``bittrue sim --engine``: a network's program in the engine's circuit, compared with golden."""

import argparse
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bittrue.commands.stimulus import stimulus_of
from bittrue.flows.arguments.code_files import in_model_layout, npy_bytes
from bittrue.flows.arguments.end_files import files_of_ends
from bittrue.flows.arguments.json_output import print_json
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.building.engine_folder import verilog_files
from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.reports.layer_table import layer_table
from bittrue.flows.simulation.engine.bench import HostMemory
from bittrue.flows.simulation.engine.simulate import Result, simulate_program
from bittrue.golden.engine.configuration import read_configuration
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name
from bittrue.simulation import BUILDS

_IMAGES = 1


def run_on_engine(arguments: argparse.Namespace, graph: Graph, console: Console) -> int:
    """Compile, execute in the simulator, and say whether every byte is golden's; 1 if it is not."""
    folder: Path = arguments.engine
    engine = read_configuration(str(folder))
    sources = verilog_files(folder)
    for source in sources:
        if not source.is_file():
            raise UserError(
                f"{source}: there is no such file; write the engine with bittrue engine --output "
                f"{folder}"
            )
    outputs = (
        files_of_ends("--output", arguments.output, "output", graph.outputs)
        if arguments.output
        else {}
    )
    for path in outputs.values():
        require_folder_of(path)
    images = stimulus_of(graph, arguments.input, arguments.images, arguments.seed, _IMAGES)
    memory = HostMemory(stall=arguments.stall, seed=arguments.seed)
    with console.status("compiling"):
        compiled = compile_graph(graph, engine)
    with console.status("executing the network"):
        # Only now, because importing torch takes seconds.
        from bittrue.golden.executor.execute import Executor

        tensors = Executor(graph).run(images, list(graph.tensors))
    with console.status(f"building and running the engine on {arguments.sim}"):
        result = simulate_program(
            compiled, graph, tensors, sources, arguments.sim, Path(BUILDS), memory
        )
    write_together(
        (path, npy_bytes(in_model_layout(graph, name, result.outputs[name])))
        for name, path in outputs.items()
    )
    if arguments.json:
        print_json({"passed": result.passed, "simulator": arguments.sim, **_record(result)})
    else:
        _report(console, arguments, compiled, result)
    return 0 if result.passed else 1


def _record(result: Result) -> dict[str, object]:
    record = asdict(result)
    del record["outputs"]
    return record


def _report(
    console: Console, arguments: argparse.Namespace, compiled: Compiled, result: Result
) -> None:
    if result.layers:
        console.print(_table(compiled, result, f"{arguments.model.name} on {arguments.engine}"))
    for problem in result.problems:
        console.print(problem, style="red", soft_wrap=True)
    if result.first_difference:
        console.print(f"first difference at {result.first_difference}", style="red", soft_wrap=True)
    cycles, registers = result.cycles[0], result.registers
    deviation = cycles / max(result.predicted, 1) - 1
    console.print(
        f"{cycles:,} cycles, {deviation:+.1%} of the {result.predicted:,} predicted; "
        f"{registers['bytes_load_0'] + registers['bytes_load_1']:,} bytes loaded, "
        f"{registers['bytes_store']:,} stored",
        soft_wrap=True,
    )
    console.print(
        f"{arguments.model.name}: {len(result.cycles)} samples, {result.compared} bytes that the "
        f"engine stored compared, {result.differing} differed, on {arguments.sim}",
        style="green" if result.passed else "bold red",
        soft_wrap=True,
    )


def _table(compiled: Compiled, result: Result, title: str) -> Table:
    """Return cycles by layer, predicted and simulated."""
    table = layer_table(title)
    for heading in ("MACs", "predicted", "simulated", "peak"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, layer in enumerate(result.layers):
        share = layer.products / (max(layer.simulated, 1) * compiled.report.peak)
        table.add_row(
            str(number),
            first_name(layer.name),
            layer.title,
            f"{layer.products:,}" if layer.products else "",
            f"{layer.predicted:,}",
            f"{layer.simulated:,}",
            f"{share:.0%}" if layer.products else "",
        )
    return table
