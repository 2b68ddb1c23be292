"""The error a user can cause and mend."""


class UserError(ValueError):
    """Something a user gave cannot be used.

    The message is one line: what is wrong, where, and what to do; a file with several obstacles has
    a line for each (`golden.frontends.obstacles`). Commands print it and exit with status 2.
    """


class ExecutionError(Exception):
    """Something could not be done, though what the user gave is in order.

    A program is missing or failed, a folder cannot be written, a disk is full. The message is one
    line. Commands print it and exit with status 3.
    """
