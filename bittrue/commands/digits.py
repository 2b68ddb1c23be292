"""``bittrue digits``: quantize the digits network and record its accumulators."""

import argparse
from pathlib import Path

from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.digits import DigitsSettings, Training, quantized_digits
from bittrue.golden.digits.files import (
    ARRAY_FILES,
    GRAPH_FILE,
    SUMMARY_FILE,
    TRACES_FILE,
    QuantizedDigits,
)
from bittrue.golden.digits.trained import WEIGHTS_FILE

DEFAULT_DIRECTORY = Path("sim_build/digits")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add seed and output folder."""
    parser.add_argument(
        "--seed",
        type=int,
        help="train anew from this seed, in ten seconds; training depends on the processor "
        "(default: the weights of the package, which are the same everywhere)",
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_DIRECTORY, help="a folder")
    add_json_argument(parser, "accuracies, layers and files")


def run(arguments: argparse.Namespace) -> int:
    """Print accuracies, layers, and where the files are."""
    console = terminal(aside=arguments.json)
    training = None if arguments.seed is None else Training(seed=arguments.seed)
    settings = DigitsSettings(training)
    with console.status("quantizing (once)" if training is None else "training and quantizing"):
        digits = quantized_digits(arguments.output, settings)
    names = (GRAPH_FILE, TRACES_FILE, SUMMARY_FILE, WEIGHTS_FILE, *ARRAY_FILES)
    files = [str(arguments.output / name) for name in names]
    if arguments.json:
        print_json(_record(digits) | {"files": files})
        return 0
    table = Table(title="Requantized over the test images", title_justify="left", box=None)
    for column in ("layer", "accumulators", "channels", "lowest", "highest", "reachable"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for layer in digits.layers():
        low, high = layer.accumulator_minimum.min(), layer.accumulator_maximum.max()
        table.add_row(
            layer.name,
            f"{layer.accumulators.size:,}",
            f"{layer.accumulators.shape[1]}",
            f"{layer.accumulators.min():,}",
            f"{layer.accumulators.max():,}",
            f"{low:,} to {high:,}",
        )
    console.print(table)
    for path in files:
        console.print(path, soft_wrap=True)
    console.print(
        f"accuracy on {digits.test_images} test images: float {digits.float_accuracy:.2%}, "
        f"int8 {digits.int8_accuracy:.2%}"
    )
    return 0


def _record(digits: QuantizedDigits) -> dict[str, object]:
    return {
        "test_images": digits.test_images,
        "accuracy": {"float": digits.float_accuracy, "int8": digits.int8_accuracy},
        "layers": [
            {
                "name": layer.name,
                "accumulators": layer.accumulators.size,
                "channels": layer.accumulators.shape[1],
                "lowest": int(layer.accumulators.min()),
                "highest": int(layer.accumulators.max()),
                "reachable": [
                    int(layer.accumulator_minimum.min()),
                    int(layer.accumulator_maximum.max()),
                ],
            }
            for layer in digits.layers()
        ],
    }
