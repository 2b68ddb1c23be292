"""Circuits of the engine: each unit alone, made for any `golden.engine` configuration."""
