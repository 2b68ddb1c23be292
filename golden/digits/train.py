"""``python -m bittrue.golden.digits.train FOLDER``: train the digits networks of the package.

Takes two minutes. On the same processor and version of torch the files are the same byte for byte.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save

from bittrue.golden.digits.data import load
from bittrue.golden.digits.files import require_directory
from bittrue.golden.digits.mixed import train_mixed_digits
from bittrue.golden.digits.network import train
from bittrue.golden.digits.settings import Training
from bittrue.golden.digits.trained import MIXED_FILE, WEIGHTS_FILE
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.graph.file import dumps


def main(argv: Sequence[str] | None = None) -> int:
    """Write both files; 0 when they are written, 2 when the folder cannot be."""
    parser = argparse.ArgumentParser(prog="python -m bittrue.golden.digits.train")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder
    try:
        require_directory(folder)
        state = train(load()[0], Training()).state_dict()
        write_atomically(folder / WEIGHTS_FILE, save(state))
        write_atomically(folder / MIXED_FILE, dumps(train_mixed_digits(Training()).graph))
    except UserError as error:
        print(f"bittrue.golden.digits.train: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
