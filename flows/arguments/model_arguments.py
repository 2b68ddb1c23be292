"""Arguments of the commands that read a network from a file."""

import argparse
import sys
import warnings
from pathlib import Path

from bittrue.golden.frontends.load import SUFFIXES, load_network
from bittrue.golden.graph import Graph


def add_model_arguments(parser: argparse.ArgumentParser, done: str) -> None:
    """Add the file, its profile, and where the network ends.

    Parameters
    ----------
    parser : ArgumentParser
    done : str
        What the command does with the arithmetic: ``executed``.
    """
    parser.add_argument("model", type=Path, help=f"a network: {', '.join(SUFFIXES)}")
    parser.add_argument("--profile", help=f"the reference whose arithmetic is {done}")
    parser.add_argument(
        "--end-at",
        action="append",
        default=[],
        metavar="TENSOR",
        help="end the network at this tensor of the file, leaving out what comes after; repeatable",
    )
    parser.add_argument(
        "--input-type",
        action="append",
        default=[],
        metavar="TYPE",
        help="codes for an .onnx input in real numbers, as TYPE:SCALE[:ZERO_POINT], such "
        "as uint8:1/255, or NAME=TYPE:SCALE for one of several; repeatable",
    )


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the rate that is enough, and how much of the device a plan may take."""
    parser.add_argument(
        "--cycles", type=int, metavar="N", help="cycles between images that are enough"
    )
    parser.add_argument(
        "--fill",
        default="80",
        metavar="P",
        help="per cent of the LUTs to use, or P,P,P of LUTs, multipliers and block RAMs "
        "(default: 80,100,100)",
    )


def load_model(arguments: argparse.Namespace) -> Graph:
    """Read the network that the arguments name."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        graph = load_network(
            arguments.model,
            arguments.profile,
            tuple(arguments.end_at),
            tuple(arguments.input_type),
        )
    for note in notes:
        print(f"note: {note.message}", file=sys.stderr)
    return graph
