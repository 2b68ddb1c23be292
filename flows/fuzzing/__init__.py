"""Random networks that have to be the same in golden, references and simulators."""
