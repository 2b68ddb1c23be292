"""What commands show, for other programs."""

import argparse
import sys
from typing import Any

from bittrue.flows.reports.json_report import json_report


def add_json_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that has a command print JSON in place of tables."""
    parser.add_argument(
        "--json", action="store_true", help=f"print {what} as JSON, and nothing else"
    )


def print_json(content: Any) -> None:
    """Print numbers, texts, mappings and sequences of them as one JSON document."""
    sys.stdout.write(json_report(content).decode())
