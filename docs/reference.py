"""Makes the reference of the library from its docstrings: `python docs/reference.py FOLDER`.

pdoc reads a module's own names, and the package fetches most of its names when they are first asked for.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pdoc
import pdoc.render

import smppcast


def make(folder: Path) -> None:
    """Writes the pages, of all that the package exports and nothing else."""
    for name in smppcast.__all__:
        setattr(smppcast, name, getattr(smppcast, name))
    pdoc.render.configure(docformat="google", show_source=False)
    # Python 3.11 cannot subscript array.array; the annotation is shown as it is written.
    warnings.filterwarnings("ignore", message=".*array.array")
    pdoc.pdoc("smppcast", output_directory=folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
