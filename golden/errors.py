"""The error a user can cause and mend."""


class UserError(ValueError):
    """Something a user gave cannot be used.

    The message is one line: what is wrong, where, and what to do; a file with several obstacles has
    a line for each (`golden.obstacles`). Commands print it and exit with status 2.
    """
