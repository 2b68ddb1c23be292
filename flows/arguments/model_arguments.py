"""Arguments of the commands that read a network from a file."""

import argparse
import sys
from pathlib import Path

from bittrue.golden.frontends.cut import Cut
from bittrue.golden.frontends.load import SUFFIXES, cut_of, load_network
from bittrue.golden.graph import Graph


def add_model_arguments(parser: argparse.ArgumentParser, done: str) -> None:
    """Add the file, its profile, and where the network begins and ends.

    Parameters
    ----------
    parser : ArgumentParser
    done : str
        What the command does with the arithmetic: ``executed``.
    """
    parser.add_argument("model", type=Path, help=f"a network: {', '.join(SUFFIXES)}")
    parser.add_argument("--profile", help=f"the reference whose arithmetic is {done}")
    for option, verb, rest in (("inputs", "begin", "before"), ("outputs", "end", "after")):
        parser.add_argument(
            f"--{option}",
            action="extend",
            nargs="+",
            default=[],
            metavar="TENSOR",
            help=f"{verb} the network at these tensors of the file, leaving out what comes {rest}",
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
    """Read the network that the arguments name; say so if it has too little of the file."""
    inputs, outputs = tuple(arguments.inputs), tuple(arguments.outputs)
    graph = load_network(arguments.model, arguments.profile, inputs, outputs)
    cut = load_cut(arguments)
    if cut is not None and cut.warning:
        print(f"{arguments.model}: {cut.warning}", file=sys.stderr)
    return graph


def load_cut(arguments: argparse.Namespace) -> Cut | None:
    """Return what of the file is not in the network; None if it is whole."""
    return cut_of(arguments.model, tuple(arguments.inputs), tuple(arguments.outputs))
