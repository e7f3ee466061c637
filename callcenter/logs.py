"""Structured logs, call id first. Logging happens in rims only; decisions are in the journal."""

import io
import logging
import sys
from typing import Literal, TextIO, cast

import structlog


class Unfailing(io.TextIOBase):
    """Standard error, except that a full disk behind it fails nobody who logs."""

    def write(self, text: str) -> int:
        try:
            return sys.stderr.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            sys.stderr.flush()
        except OSError:
            pass


def set_up(level: str = "info", form: Literal["auto", "json", "plain"] | str = "auto") -> None:
    """One line an event on standard error: JSON for machines, coloured text on a terminal."""
    plain = form == "plain" or (form == "auto" and sys.stderr.isatty())
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    renderer: structlog.typing.Processor = console if plain else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _call_first,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Unfailing())),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def _call_first(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    first = {"call": event["call"]} if "call" in event else {}
    return {**first, **event}


log: structlog.stdlib.BoundLogger = structlog.get_logger()
