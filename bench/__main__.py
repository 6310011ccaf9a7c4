"""`python -m bench NAME [options]`; without a name, what there is."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType

import bench

_USAGE = """\
usage: python -m bench NAME [options]     one benchmark; NAME --help says which options
       python -m bench smoke              the quick mode of each"""


def benchmark(name: str) -> ModuleType | None:
    """The module of the benchmark `name`; None for one without a `main`: it serves the others."""
    module = importlib.import_module(f"bench.{name}")
    return module if callable(getattr(module, "main", None)) else None


def benchmarks() -> dict[str, ModuleType]:
    """Every benchmark by its name."""
    found = {name: benchmark(name) for name in _names()}
    return {name: module for name, module in found.items() if module}


def listing() -> str:
    """The usage, and each benchmark with the first line of its docstring."""
    rows = [f"  {name:<12} {_summary(module)}" for name, module in benchmarks().items()]
    return "\n".join([_USAGE, "", *rows] if rows else [_USAGE])


def smoke() -> int:
    """Run the quick mode of each, to the first that fails.

    Each has a process of its own: they measure memory, and choose their event loop.
    """
    for name, module in benchmarks().items():
        if not getattr(module, "SMOKE", True):
            continue
        print(f"--- {name}", flush=True)
        status = subprocess.run([sys.executable, "-m", "bench", name, "--quick"], check=False).returncode
        if status:
            print(f"bench smoke: {name} failed with exit status {status}", file=sys.stderr)
            return 1
    return 0


def main(argv: Sequence[str]) -> int:
    """Run what `argv` names; returns the exit status, 2 for a name that is none."""
    match argv:
        case [] | ["-h" | "--help"]:
            print(listing())
            return 0
        case ["smoke"]:
            return smoke()
    name, *options = argv
    module = benchmark(name) if name in _names() else None
    if module is None:
        print(f"bench: there is no {name!r}\n{listing()}", file=sys.stderr)
        return 2
    return module.main(options) or 0


def _names() -> list[str]:
    return [found.name for found in pkgutil.iter_modules(bench.__path__) if not found.name.startswith("_")]


def _summary(module: ModuleType) -> str:
    return (module.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
