"""The command line: a thin face on the rooms below it.

What machines read goes to standard output, all else (progress, logs, errors) to standard error.
Exit codes: 0 finished; 1 failed; 2 bad usage or configuration; 3 stopped before the end, and the
same command resumes.
"""

from __future__ import annotations

from smppcast.cli.app import main

__all__ = ["main"]
