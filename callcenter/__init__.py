"""A telephone agent that listens while it speaks."""

__version__ = "0.1.0"
