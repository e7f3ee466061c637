"""Experiments from the command line: `commands` says what can be asked for, `doing` does it."""
