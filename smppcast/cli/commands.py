"""How every command runs: its event loop, its errors as one sentence, its exit code."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Iterator
from enum import IntEnum
from typing import Any

import anyio
import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from smppcast.errors import SmppcastError, UsageError

__all__ = ["Command", "ExitCode", "need", "run"]


class ExitCode(IntEnum):
    """What the process says when it ends."""

    FINISHED = 0
    FAILED = 1
    USAGE = 2
    STOPPED = 3  # before the end; the same command resumes


def need(library: str, extra: str) -> None:
    """That what a command imports is installed.

    Raises:
        UsageError: it is not; says what brings it.
    """
    if importlib.util.find_spec(library) is None:
        raise UsageError(f"this needs what is not installed: pip install 'smppcast[{extra}]'")


def run(main: Callable[[], Awaitable[ExitCode]]) -> None:
    """Runs a command on an event loop, uvloop's where there is one.

    Raises:
        typer.Exit: with the code that `main` returned, unless that is FINISHED.
    """
    uvloop = importlib.util.find_spec("uvloop") is not None
    code = anyio.run(main, backend_options={"use_uvloop": uvloop})
    if code is not ExitCode.FINISHED:
        raise typer.Exit(code)


class Command(TyperCommand):
    """A command whose errors are sentences; its parameter `debug` brings their tracebacks back."""

    def invoke(self, ctx: Any) -> Any:
        """Runs it; an error becomes a sentence on standard error and an exit code."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
            raise  # typer knows what to do with them
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise typer.Exit(_told(error)) from None


def _told(error: Exception) -> ExitCode:
    """Says what went wrong, each thing once; returns the code for it."""
    leaves = list(_leaves(error))
    for sentence in dict.fromkeys(map(_sentence, leaves)):
        typer.echo(f"smppcast: {sentence}", err=True)
    usage = all(isinstance(leaf, UsageError) for leaf in leaves)
    return ExitCode.USAGE if usage else ExitCode.FAILED


def _sentence(error: BaseException) -> str:
    if isinstance(error, SmppcastError | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (--debug shows where)"


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Task groups wrap what their tasks raise."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
