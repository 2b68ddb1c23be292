"""The engine: programs as data, and their exact execution on byte images of memory."""
