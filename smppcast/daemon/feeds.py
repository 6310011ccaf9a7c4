"""Where feeds and suppression lists lie: uploads, folders that are allowed, lists that people keep."""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import IO

from anyio import to_thread

from smppcast.errors import FeedError
from smppcast.feed import normalise

__all__ = ["Lists", "Shelves", "TooLarge"]

UPLOAD = "upload:"


class TooLarge(FeedError):
    """An upload above its bound; nothing of it is kept."""


class Shelves:
    """The feeds a campaign may name.

    Args:
        uploads: folder of those sent over HTTP.
        folders: that the configuration allows, by their names.
    """

    def __init__(self, uploads: Path, folders: Iterable[Path]) -> None:
        self._uploads = uploads
        self._folders = {folder.name: folder for folder in folders}
        uploads.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find(self, name: str) -> Path:
        """The file that a name stands for.

        Raises:
            FeedError: there is none, or it lies outside.
        """
        if name.startswith(UPLOAD):
            folder, rest = self._uploads, name.removeprefix(UPLOAD)
        else:
            top, _, rest = name.partition("/")
            if top not in self._folders:
                known = ", ".join([f"{each}/…" for each in self._folders] + [f"{UPLOAD}NAME"])
                raise FeedError(f"is on no shelf: expected {known}", feed=name)
            folder = self._folders[top]
        found = folder
        try:
            found = (folder / rest).resolve()
            inside = rest and found.is_relative_to(folder.resolve()) and found.is_file()
        except (OSError, ValueError):  # a NUL in it, or a name too long
            inside = False
        if not inside:
            raise FeedError("is not there", feed=name)
        return found

    async def put(self, name: str, octets: AsyncIterator[bytes], most: int) -> int:
        """Keeps an upload, whole or not at all; returns its size.

        Raises:
            TooLarge: it has more octets than `most`.
            FeedError: the disk does not take it.
        """
        unfinished = self._uploads / f".{name}.part"
        size = 0
        try:
            file = await to_thread.run_sync(_create, unfinished)
            try:
                async for piece in octets:
                    size += len(piece)
                    if size > most:
                        raise TooLarge(f"is larger than {most:,} octets", feed=name)
                    await to_thread.run_sync(file.write, piece)
            finally:
                await to_thread.run_sync(file.close)
            unfinished.replace(self._uploads / name)
        except OSError as error:
            raise FeedError(f"cannot be kept: {error.strerror or error}", feed=name) from error
        finally:
            unfinished.unlink(missing_ok=True)
        return size

    def remove(self, name: str) -> bool:
        """Whether there was such an upload."""
        path = self._uploads / name
        if not path.is_file():
            return False
        path.unlink()
        return True

    def uploads(self) -> list[tuple[str, int]]:
        """Names and sizes."""
        found = (path for path in sorted(self._uploads.iterdir()) if not path.name.startswith("."))
        return [(path.name, path.stat().st_size) for path in found]


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


class Lists:
    """Suppression lists: a file of numbers each, one a line."""

    def __init__(self, folder: Path, country: str | None) -> None:
        self._folder, self._country = folder, country
        self._changing = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where a list lies, whether it is there or not."""
        return self._folder / f"{name}.txt"

    def filled(self, name: str) -> Path | None:
        """Where a list lies that has numbers; a file without any is no feed that could be read."""
        path = self.path(name)
        try:
            return path if path.stat().st_size else None
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.txt"))

    def read(self, name: str) -> set[int] | None:
        """Its numbers; None where there is no such list."""
        try:
            return set(map(int, self.path(name).read_text("ascii").split()))
        except FileNotFoundError:
            return None

    def numbers(self, given: list[str]) -> array[int]:
        """Numbers as people write them.

        Raises:
            FeedError: one of them is none; it says which.
        """
        found, bad = normalise(given, self._country)
        if bad:
            at = min(bad)
            raise FeedError(f"numbers.{at}: is no number ({bad[at].value})")
        return found

    def write(self, name: str, numbers: Iterable[int]) -> None:
        """Puts a list in the place of the one before, whole or not at all."""
        unfinished = self._folder / f".{name}.part"
        with _create(unfinished) as file:
            file.write("".join(f"{number}\n" for number in sorted(numbers)).encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path(name))

    def change(self, name: str, add: set[int], remove: set[int]) -> int:
        """Adds numbers to a list, which is made if it is not there, and takes others off; returns its size.

        Whoever changes lists does so here, in turn: two at once would lose what one of them wrote.
        """
        with self._changing:
            before = self.read(name)
            after = ((before or set()) | add) - remove
            if after != before:
                self.write(name, after)
            return len(after)

    def remove(self, name: str) -> bool:
        """Whether there was such a list."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        return True
