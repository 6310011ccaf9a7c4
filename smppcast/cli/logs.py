"""Where the log goes: standard error, as JSON lines, or as readable ones on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["configure"]


class _StandardError:
    """Looks the stream up at each line, since a live display puts its own in its place."""

    def msg(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    debug = info = warning = error = critical = exception = msg


def configure(*, debug: bool = False) -> None:
    """Sets structlog up for this process; on a terminal, the display tells what INFO would."""
    terminal = sys.stderr.isatty()
    level = logging.DEBUG if debug else logging.WARNING if terminal else logging.INFO
    renderer = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _StandardError(),
    )
