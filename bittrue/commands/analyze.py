"""``bittrue analyze``: where a quantized network loses accuracy, as a page with plots."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument
from bittrue.flows.arguments.module_arguments import add_module_arguments, check_module_arguments
from bittrue.flows.reports.plots import require_matplotlib
from bittrue.flows.reports.progress import progress_bar
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together

if TYPE_CHECKING:
    from bittrue.golden.quantize.analysis import NetworkAnalysis

_SUFFIX = ".html"
_SAMPLES = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, data, scheme and output."""
    add_module_arguments(parser)
    parser.add_argument(
        "--samples",
        type=int,
        default=_SAMPLES,
        metavar="N",
        help=f"of --test, or of --calibration without it, that are run (default: {_SAMPLES:,})",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar=f"REPORT{_SUFFIX}",
        required=True,
        help="the page; its numbers go beside it as .json",
    )
    add_json_argument(parser, "the numbers")


def run(arguments: argparse.Namespace) -> int:
    """Write the page and its numbers, print what loses most."""
    check_module_arguments(arguments, _SUFFIX)
    require_matplotlib()
    if arguments.samples < 1:
        raise UserError(f"--samples is {arguments.samples}; allowed: 1 or more")
    console = terminal(aside=arguments.json)
    with console.status("reading the module and its data"):
        # Only now, because importing torch takes seconds.
        from bittrue.flows.arguments.sample_files import SampleFiles
        from bittrue.flows.arguments.torch_models import (
            has_channels_last,
            load_module,
            read_labels,
            warn_of_untrained_weights,
        )
        from bittrue.flows.reports.analysis_page import analysis_json, analysis_page
        from bittrue.golden.quantize import Scheme, quantize
        from bittrue.golden.quantize.analysis import analyze
        from bittrue.golden.quantize.calibrate import CalibrationData
        from bittrue.golden.quantize.findings import findings
        from bittrue.golden.quantize.scheme_file import read_scheme
        from bittrue.golden.quantize.sweep import sweep_widths, widths_can_change

        scheme = Scheme() if arguments.scheme is None else read_scheme(arguments.scheme)
        if scheme.training is not None:
            raise UserError(
                f"{arguments.scheme}: it has a training; analyze shows what quantizing after "
                "training loses, so leave the training out"
            )
        module = load_module(arguments.model, arguments.weights)
        last = has_channels_last(module)
        warn_of_untrained_weights(arguments.model, module, arguments.weights)
        calibration = SampleFiles(arguments.calibration, last)
        test = SampleFiles(arguments.test, last) if arguments.test else calibration
        test.check_shapes(calibration.shapes)
        samples = CalibrationData(test.between(0, arguments.samples))
        labels = None
        if arguments.test_labels is not None:
            labels = read_labels(arguments.test_labels, len(test))[: arguments.samples]
    with console.status("quantizing"):
        quantized = quantize(module, calibration, scheme)
    with progress_bar(console, "quantizing one part at a time") as progress:
        analysis = analyze(quantized, samples, labels, progress)
    sweep = None
    if widths_can_change(quantized):
        with progress_bar(console, "trying other widths") as progress:
            sweep = sweep_widths(module, calibration, scheme, samples, progress=progress)
    with console.status("drawing"):
        title = arguments.model.rpartition(":")[2]
        page = analysis_page(title, quantized, analysis, sweep)
    report = arguments.output.with_suffix(".json")
    numbers = analysis_json(quantized, analysis, sweep)
    write_together([(arguments.output, page), (report, numbers)])
    if arguments.json:
        sys.stdout.write(numbers.decode())
        return 0
    console.print(_table(analysis, title))
    for sentence in findings(analysis):
        console.print(f"- {sentence}", soft_wrap=True)
    console.print(_summary(analysis), soft_wrap=True)
    console.print(f"{arguments.output} and {report}", soft_wrap=True)
    return 0


def _table(analysis: "NetworkAnalysis", title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("layer", no_wrap=True)
    for heading in ("weights", "values", "noise share", "SQNR alone", "up to"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in analysis.layers:
        parts = [part for part in (layer.weights, layer.values) if part is not None]
        if parts:
            table.add_row(
                layer.name,
                layer.weights.type if layer.weights else "",
                layer.values.type if layer.values else "",
                f"{sum(part.share for part in parts):.1%}",
                f"{layer.sqnr_alone:.1f} dB",
                f"{layer.sqnr_cumulative:.1f} dB",
            )
    return table


def _summary(analysis: "NetworkAnalysis") -> str:
    text = f"{analysis.samples:,} samples: SQNR of the output {analysis.sqnr:.1f} dB"
    if analysis.accuracy_float is None or analysis.accuracy_integer is None:
        return text
    return (
        f"{text}, accuracy float {analysis.accuracy_float:.2%}, integers "
        f"{analysis.accuracy_integer:.2%}"
    )
