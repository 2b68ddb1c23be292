"""``bittrue quantize``: turn a float torch module into an integer network."""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument
from bittrue.flows.arguments.module_arguments import add_module_arguments, check_module_arguments
from bittrue.flows.reports.json_report import json_report
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_together
from bittrue.golden.graph import Graph
from bittrue.golden.graph.file import SUFFIX, dumps
from bittrue.golden.graph.passes.cost import Cost, graph_cost

if TYPE_CHECKING:
    from torch import nn

    from bittrue.flows.arguments.sample_files import SampleFiles
    from bittrue.golden.quantize import Scheme
    from bittrue.golden.quantize.quantized_network import QuantizedNetwork
    from bittrue.golden.quantize.report import LayerReport
    from bittrue.golden.quantize.training.train import Epoch

_COMPARED_SAMPLES = 256

_CHECKPOINT = ".checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, data, scheme and output."""
    add_module_arguments(parser, without_data=True)
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="Y.npy",
        help="for a scheme with a training: the class of each calibration sample, or the outputs "
        "wanted of a regressor",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar=f"NETWORK{SUFFIX}",
        required=True,
        help="the integer network; a report goes beside it as .json",
    )
    add_json_argument(parser, "the report")


def run(arguments: argparse.Namespace) -> int:
    """Write the network and its report, print a summary."""
    check_module_arguments(arguments, SUFFIX)
    console = terminal(aside=arguments.json)
    with console.status("reading the module and its data"):
        # Only now, because importing torch takes seconds.
        from bittrue.flows.arguments.input_ranges import parse_input_range, uniform_samples
        from bittrue.flows.arguments.sample_files import SampleFiles
        from bittrue.flows.arguments.torch_models import (
            has_channels_last,
            load_module,
            read_labels,
            warn_of_untrained_weights,
        )
        from bittrue.golden.quantize import Scheme, quantize
        from bittrue.golden.quantize.report import float_accuracy, integer_accuracy, layer_reports
        from bittrue.golden.quantize.scheme_file import read_scheme

        scheme = Scheme() if arguments.scheme is None else read_scheme(arguments.scheme)
        module = load_module(arguments.model, arguments.weights)
        last = has_channels_last(module)
        ranges = tuple(parse_input_range(text) for text in arguments.input_range or ())
        calibration = SampleFiles(arguments.calibration or (), last)
        test = SampleFiles(arguments.test, last) if arguments.test else None
        if test is not None:
            test.check_shapes([each.shape for each in ranges] or calibration.shapes)
        labels = None if test is None else read_labels(arguments.test_labels, len(test))
    if (scheme.training is None) != (arguments.labels is None):
        raise UserError("--labels and a scheme with a training are given together or not at all")
    if scheme.training is not None and ranges:
        raise UserError("--input-range is given and the scheme has a training; give --calibration")
    if scheme.training is None or scheme.training.start != "scratch":
        warn_of_untrained_weights(arguments.model, module, arguments.weights)
    accuracy: dict[str, float] = {}
    if test is not None and labels is not None:
        with console.status("measuring accuracy in floating point"):
            accuracy["float"] = float_accuracy(module, test, labels)
    checkpoint = arguments.output.with_suffix(_CHECKPOINT)
    if scheme.training is None:
        with console.status("quantizing"):
            quantized = quantize(module, ranges or calibration, scheme)
    else:
        quantized = _trained(module, calibration, scheme, arguments.labels, checkpoint, console)
    with console.status("comparing the integers with the fake-quantized network"):
        samples = calibration.between(0, _COMPARED_SAMPLES)
        layers = layer_reports(quantized, *samples or uniform_samples(ranges, _COMPARED_SAMPLES))
    if test is not None and labels is not None:
        with console.status("measuring accuracy in integers"):
            accuracy["integer"] = integer_accuracy(quantized.graph, test, labels)
    cost = graph_cost(quantized.graph)
    report = arguments.output.with_suffix(".json")
    # Of a file whose images have the channels last, as the graph holds them.
    graph = replace(quantized.graph, layouts={}) if last else quantized.graph
    network, numbers = dumps(graph), _report(quantized, layers, cost, accuracy)
    write_together([(arguments.output, network), (report, numbers)])
    checkpoint.unlink(missing_ok=True)
    if arguments.json:
        sys.stdout.write(numbers.decode())
        return 0
    console.print(_table(layers, arguments.output.name))
    _summarize(console, quantized, layers, cost, accuracy)
    _warn_of_obstacles(console, quantized.graph)
    console.print(f"{arguments.output} and {report}", soft_wrap=True)
    return 0


def _trained(
    module: "nn.Module",
    calibration: "SampleFiles",
    scheme: "Scheme",
    labels: Path,
    checkpoint: Path,
    console: Console,
) -> "QuantizedNetwork":
    """Quantize with training, which goes on from a checkpoint that an interrupted one left."""
    from bittrue.flows.arguments.torch_models import read_labels, read_samples
    from bittrue.golden.quantize import TrainingData, quantize

    assert scheme.training is not None
    classes = scheme.training.loss == "cross_entropy"
    targets = read_labels(labels, len(calibration)) if classes else read_samples(labels)
    if checkpoint.exists():
        console.print(f"going on from {checkpoint}", soft_wrap=True)
    with Progress(
        *Progress.get_default_columns(), TextColumn("loss {task.fields[loss]}"), console=console
    ) as progress:
        task = progress.add_task("training", total=scheme.training.epochs, loss="")

        def show(epoch: "Epoch") -> None:
            progress.update(task, completed=epoch.number, loss=f"{epoch.loss:.4f}")

        samples = calibration.between(0, len(calibration))
        data = TrainingData((samples, targets), checkpoint=checkpoint, report=show)
        return quantize(module, calibration, scheme, data)


def _table(layers: "list[LayerReport]", title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("layer", no_wrap=True)
    for heading in ("weights", "bits", "output", "scale", "SQNR dB", "codes", "differ"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in layers:
        table.add_row(
            layer.name,
            layer.weight_type,
            f"{layer.weight_bits:g}" if layer.weight_bits else "",
            layer.output_type,
            f"{layer.output_scale:.3g}",
            f"{layer.sqnr:.1f}",
            f"{layer.compared:,}",
            f"{layer.differing:,}",
        )
    return table


def _summarize(
    console: Console,
    quantized: "QuantizedNetwork",
    layers: "list[LayerReport]",
    cost: Cost,
    accuracy: dict[str, float],
) -> None:
    compared = sum(layer.compared for layer in layers)
    differing = sum(layer.differing for layer in layers)
    console.print(
        f"{cost.macs:,} multiply-accumulates, {cost.bit_operations:,} bit operations, "
        f"{cost.weight_bytes:,} bytes of weights, {len(quantized.precision.conversions)} "
        "conversions between precisions",
        soft_wrap=True,
    )
    console.print(
        f"integers against the fake-quantized network: {compared:,} codes compared, "
        f"{differing:,} differ"
        + ("" if differing == 0 else f" ({_why_some_differ(quantized)}; see docs/quantization.md)"),
        soft_wrap=True,
    )
    if accuracy:
        console.print(
            f"accuracy: float {accuracy['float']:.2%}, integers {accuracy['integer']:.2%}"
        )


def _warn_of_obstacles(console: Console, graph: Graph) -> None:
    """Say what ``build`` will refuse, before anybody trains for it."""
    # Only now: what plans imports scipy's optimizers.
    from bittrue.flows.planning.feasibility import circuit_obstacles

    for obstacle in circuit_obstacles(graph):
        console.print(f"warning: build will refuse it: {obstacle}", style="yellow", soft_wrap=True)


def _why_some_differ(quantized: "QuantizedNetwork") -> str:
    name = quantized.scheme.requantization
    return "at ties of their rounding" if name == "exact" else f"requantization is {name}"


def _report(
    quantized: "QuantizedNetwork",
    layers: "list[LayerReport]",
    cost: Cost,
    accuracy: dict[str, float],
) -> bytes:
    content = {
        "scheme": asdict(quantized.scheme),
        "layers": [asdict(layer) for layer in layers],
        "conversions": [layer.output for layer in quantized.precision.conversions],
        "macs": cost.macs,
        "bit_operations": cost.bit_operations,
        "weight_bytes": cost.weight_bytes,
        "accuracy": accuracy,
    }
    return json_report(content)
