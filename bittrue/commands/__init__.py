"""The subcommands of ``bittrue``, one module each.

A module offers ``add_arguments(parser)`` and ``run(arguments) -> int``, the exit status.
"""
