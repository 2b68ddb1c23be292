"""The compiler of the engine: from the integer graph to a program with its constants."""
