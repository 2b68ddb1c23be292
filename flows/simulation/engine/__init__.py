"""The whole engine in a simulator: a memory, a host, and what came of a program."""
