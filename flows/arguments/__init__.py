"""What a command is given: files of codes and samples, modules and their weights."""
