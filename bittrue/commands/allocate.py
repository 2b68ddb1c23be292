"""``bittrue allocate``: bits for every layer of a torch module, within budgets."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument
from bittrue.flows.arguments.module_arguments import add_module_arguments, check_module_arguments
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.planning.devices import DEVICE_HELP, find_budget
from bittrue.flows.reports.json_report import json_report
from bittrue.flows.reports.plots import require_matplotlib
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together

if TYPE_CHECKING:
    from bittrue.flows.planning.allocation import Request, Result
    from bittrue.golden.quantize.allocation.measure import Point

_CYCLES = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, data, candidates, budgets and output."""
    add_module_arguments(parser)
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="Y.npy",
        help="classes of the calibration samples: the Hessian is then that of the cross entropy",
    )
    parser.add_argument(
        "--weight-bits", default="2,4,8", metavar="LIST", help="candidates (default: 2,4,8)"
    )
    parser.add_argument(
        "--activation-bits", default="2,4,8", metavar="LIST", help="candidates (default: 2,4,8)"
    )
    parser.add_argument(
        "--budget",
        required=True,
        action="append",
        metavar="COST=NUMBER[%]",
        help="bit_operations, weight_bytes; with --device also luts, multipliers, block_rams, "
        "cycles; a percentage is of what the most bits cost; may be given several times",
    )
    parser.add_argument(
        "--sensitivity",
        choices=("noise", "hessian"),
        default="noise",
        help="noise at the output with one part quantized (default), or the Hessian's trace",
    )
    parser.add_argument(
        "--solver",
        choices=("ilp", "greedy"),
        default="ilp",
        help="integer linear programming (default), or step by step",
    )
    parser.add_argument("--device", help=f"estimate its resources: {DEVICE_HELP}")
    parser.add_argument(
        "--cycles",
        type=int,
        default=_CYCLES,
        metavar="N",
        help=f"between images, for --device (default: {_CYCLES:,})",
    )
    parser.add_argument(
        "--points", type=int, default=10, metavar="N", help="budgets of the front (default: 10)"
    )
    parser.add_argument("--plot", type=Path, metavar="FRONT.svg", help="draw the front")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="S.toml",
        help="the scheme; a report goes beside it as .json",
    )
    add_json_argument(parser, "the report")


def run(arguments: argparse.Namespace) -> int:
    """Write scheme and report, draw the front, print both."""
    files = _files(arguments)
    console = terminal(aside=arguments.json)
    with console.status("reading the module and its data"):
        # Only now, because importing torch takes seconds.
        from bittrue.flows.planning.allocation import allocate
        from bittrue.golden.quantize.scheme_file import write_scheme

        request = _request(arguments)
    result = allocate(request, console)
    contents = [write_scheme(result.scheme).encode(), _report(result)]
    if arguments.plot is not None:
        from bittrue.flows.reports.front_plot import front_plot

        contents.append(front_plot(result.front, result.chosen, next(iter(result.budgets))))
    write_together(zip(files, contents, strict=True))
    if arguments.json:
        sys.stdout.write(contents[1].decode())
        return 0
    console.print(_bits_table(result, arguments.output.name))
    console.print(_front_table(result))
    _summarize(console, result)
    console.print(", ".join(map(str, files)), soft_wrap=True)
    return 0


def _files(arguments: argparse.Namespace) -> list[Path]:
    """Return the files to be written, or refuse what can be refused before anything is read."""
    check_module_arguments(arguments, ".toml")
    files = [arguments.output, arguments.output.with_suffix(".json")]
    if arguments.plot is not None:
        require_matplotlib()
        require_folder_of(arguments.plot)
        files.append(arguments.plot)
    if arguments.points < 1 or arguments.cycles < 1:
        raise UserError(
            f"--points and --cycles are {arguments.points} and {arguments.cycles}; allowed: 1 or "
            "more"
        )
    return files


def _request(arguments: argparse.Namespace) -> "Request":
    from bittrue.flows.arguments.sample_files import SampleFiles
    from bittrue.flows.arguments.torch_models import (
        has_channels_last,
        load_module,
        read_labels,
        warn_of_untrained_weights,
    )
    from bittrue.flows.planning.allocation import Request
    from bittrue.golden.quantize import Scheme
    from bittrue.golden.quantize.scheme_file import read_scheme

    module = load_module(arguments.model, arguments.weights)
    last = has_channels_last(module)
    calibration = SampleFiles(arguments.calibration, last)
    test = SampleFiles(arguments.test, last) if arguments.test else calibration
    test.check_shapes(calibration.shapes)
    labels, test_labels = (
        None if path is None else read_labels(path, len(samples))
        for path, samples in ((arguments.labels, calibration), (arguments.test_labels, test))
    )
    warn_of_untrained_weights(arguments.model, module, arguments.weights)
    return Request(
        module,
        calibration,
        labels,
        Scheme() if arguments.scheme is None else read_scheme(arguments.scheme),
        _widths("--weight-bits", arguments.weight_bits),
        _widths("--activation-bits", arguments.activation_bits),
        arguments.budget,
        arguments.sensitivity,
        arguments.solver,
        arguments.points,
        test,
        test_labels,
        None if arguments.device is None else find_budget(arguments.device),
        arguments.cycles,
    )


def _widths(option: str, text: str) -> list[int]:
    try:
        widths = sorted({int(word) for word in text.split(",")})
    except ValueError:
        widths = [0]
    if not 1 <= widths[0] <= widths[-1] <= 16:
        raise UserError(f"{option} is {text!r}; allowed: widths of 1 to 16, such as 2,4,8")
    return widths


def _report(result: "Result") -> bytes:
    def numbers(point: "Point") -> dict[str, object]:
        return {
            "bits": {name: list(bits) for name, bits in point.allocation.bits.items()},
            "sensitivity": point.allocation.sensitivity,
            "costs": point.allocation.costs,
            "sqnr": point.measurement.sqnr,
            "accuracy": point.measurement.accuracy,
        }

    parts = result.sensitivity
    content = {
        "budgets": result.budgets,
        "chosen": numbers(result.chosen),
        "front": [numbers(point) for point in result.front],
        "sensitivity": {
            "method": parts.method,
            "weights": [[*key, value] for key, value in parts.weights.items()],
            "activations": [[*key, value] for key, value in parts.activations.items()],
        },
        "domains": [asdict(domain) for domain in result.domains.domains],
        "conversions": [asdict(conversion) for conversion in result.domains.conversions],
    }
    return json_report(content)


def _bits_table(result: "Result", title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("layer", no_wrap=True)
    for heading in ("weights", "reads"):
        table.add_column(heading, justify="right")
    for layer, (weight, values) in result.chosen.allocation.bits.items():
        table.add_row(layer, f"{weight} bits", f"{values} bits")
    return table


def _front_table(result: "Result") -> Table:
    cost = next(iter(result.budgets))
    table = Table(title="Front", title_justify="left", title_style="bold", box=None)
    for heading in (cost, "sensitivity", "SQNR dB", "accuracy", "bits of weights/reads"):
        table.add_column(heading, justify="left" if "/" in heading else "right", no_wrap=True)
    for point in result.front:
        accuracy = point.measurement.accuracy
        table.add_row(
            f"{point.allocation.costs[cost]:,.0f}",
            f"{point.allocation.sensitivity:.3g}",
            f"{point.measurement.sqnr:.1f}",
            "" if accuracy is None else f"{accuracy:.2%}",
            " ".join(f"{weight}/{values}" for weight, values in point.allocation.bits.values()),
        )
    return table


def _summarize(console: Console, result: "Result") -> None:
    chosen, domains = result.chosen, result.domains
    for name, limit in result.budgets.items():
        spent = chosen.allocation.costs[name]
        console.print(f"{name}: {spent:,.0f} of {limit:,.0f}", soft_wrap=True)
    accuracy = chosen.measurement.accuracy
    console.print(
        f"SQNR of the output {chosen.measurement.sqnr:.1f} dB"
        + ("" if accuracy is None else f", accuracy {accuracy:.2%}"),
        soft_wrap=True,
    )
    console.print(
        f"{len(domains.domains)} precision domains, {len(domains.conversions)} conversions of "
        f"{domains.converted_values:,} values, {domains.crossings} crossings without one",
        soft_wrap=True,
    )
