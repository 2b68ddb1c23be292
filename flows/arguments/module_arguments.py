"""Arguments of the commands that start from a float torch module."""

import argparse
from pathlib import Path

from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.golden.errors import UserError


def add_module_arguments(parser: argparse.ArgumentParser, without_data: bool = False) -> None:
    """Add the module, its weights, data and scheme.

    Parameters
    ----------
    parser : ArgumentParser
    without_data : bool
        Whether the ranges of the inputs will do in place of samples.
    """
    parser.add_argument(
        "model",
        help="FILE.py:NAME or PACKAGE.MODULE:NAME, which is or makes a torch.nn.Module, or a float "
        "FILE.onnx or FILE.tflite",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="W.safetensors", help="the module's trained state"
    )
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument(
        "--calibration",
        type=Path,
        metavar="X.npy",
        action="append",
        help="real samples of an input, the first dimension counts them; once for each input",
    )
    if without_data:
        data.add_argument(
            "--input-range",
            metavar="SHAPE:LOW:HIGH",
            action="append",
            help="in place of samples, what an input's values are within, such as 3x32x32:0:1: "
            "batch normalization says how values are distributed; once for each input",
        )
    parser.add_argument(
        "--scheme", type=Path, metavar="S.toml", help="bits, types, ranges and corrections"
    )
    parser.add_argument(
        "--test",
        type=Path,
        metavar="X.npy",
        action="append",
        default=[],
        help="samples to measure the accuracy of a classifier on; once for each input",
    )
    parser.add_argument(
        "--test-labels", type=Path, metavar="Y.npy", help="their classes, integers from 0"
    )


def check_module_arguments(arguments: argparse.Namespace, suffix: str) -> None:
    """Refuse what can be refused before anything is read: the output's suffix and folder, labels.

    Raises
    ------
    UserError
    """
    output: Path = arguments.output
    if output.suffix != suffix:
        raise UserError(f"{output}: suffix is {output.suffix!r}; allowed: {suffix}")
    require_folder_of(output)
    if bool(arguments.test) != bool(arguments.test_labels):
        raise UserError("--test and --test-labels are given together or not at all")
