"""``python -m bittrue``: the ``bittrue`` command."""

import sys

from bittrue.cli import main

sys.exit(main())
