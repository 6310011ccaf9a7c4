"""Octets of a file or of standard input, in blocks, gzipped or not, off the event loop."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import anyio
from anyio import to_thread

from smppcast.errors import FeedError

__all__ = ["BLOCK", "Blocks"]

BLOCK = 1024 * 1024
"""Octets read, or unpacked, in one go: large enough that the hop to a thread costs nothing a row."""

_GZIP = b"\x1f\x8b"


class Blocks:
    """Reads a path, or "-" for standard input, in blocks of up to BLOCK octets.

    A file is read in a worker thread. A pipe is waited for on the event loop, so that cancelling
    does not have to wait for a writer who may never write again. Gzip is known by its first octets
    and unpacked in a worker thread.
    """

    def __init__(self, source: str | Path) -> None:
        self.name = "standard input" if source == "-" else str(source)
        self.bytes_read = 0
        self.total_bytes: int | None = None
        self._source = source
        self._file: BinaryIO | None = None
        self._waits = False
        if source != "-":
            self.total_bytes = _size(Path(source), self.name)

    async def __aenter__(self) -> Self:
        self._file = await to_thread.run_sync(self._open)
        mode = os.fstat(self._file.fileno()).st_mode
        self._waits = not stat.S_ISREG(mode) and not stat.S_ISBLK(mode)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None and self._source != "-":
            self._file.close()  # read only: nothing is left to write, so nothing blocks

    async def read(self) -> AsyncGenerator[bytes]:
        """The blocks, unpacked.

        Raises:
            FeedError: the gzip data are broken, or end early.
        """
        unpack: _Gunzip | None = None
        first = True
        while raw := await self._read():
            if first:
                while len(raw) < len(_GZIP) and (more := await self._read()):
                    raw += more
                unpack = _Gunzip(self.name) if raw.startswith(_GZIP) else None
                first = False
            if unpack is None:
                yield raw
                continue
            unpack.pending = raw
            while unpack.pending:
                yield await to_thread.run_sync(unpack.take)
        if unpack is not None:
            unpack.end()

    def _open(self) -> BinaryIO:
        if self._source == "-":
            return sys.stdin.buffer
        try:
            return Path(self._source).open("rb", buffering=0)
        except OSError as error:
            raise FeedError(f"cannot be read: {error.strerror}", feed=self.name) from error

    async def _read(self) -> bytes:
        assert self._file is not None  # noqa: S101 - entered before it is read
        try:
            if self._waits:
                await anyio.wait_readable(self._file)
                raw = os.read(self._file.fileno(), BLOCK)
            else:
                raw = await to_thread.run_sync(os.read, self._file.fileno(), BLOCK)
        except OSError as error:
            raise FeedError(f"cannot be read: {error.strerror}", feed=self.name) from error
        self.bytes_read += len(raw)
        return raw


class _Gunzip:
    """Unpacks member after member (RFC 1952 lets a file have several), BLOCK octets at most a time."""

    def __init__(self, name: str) -> None:
        self.pending = b""
        self._name = name
        self._member = zlib.decompressobj(wbits=31)

    def take(self) -> bytes:
        """The next octets of what `pending` holds."""
        if self._member.eof:
            self._member = zlib.decompressobj(wbits=31)
        try:
            out = self._member.decompress(self.pending, BLOCK)
        except zlib.error as error:
            raise FeedError(f"its gzip data are broken: {error}", feed=self._name) from error
        self.pending = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return out

    def end(self) -> None:
        if not self._member.eof:
            raise FeedError("its gzip data end early: the feed is not whole", feed=self._name)


def _size(path: Path, name: str) -> int | None:
    """Octets of a regular file; None of a pipe.

    Raises:
        FeedError: there is none, or it is a folder.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise FeedError(f"cannot be read: {error.strerror}", feed=name) from error
    if stat.S_ISDIR(found.st_mode):
        raise FeedError("is a folder", feed=name)
    return found.st_size if stat.S_ISREG(found.st_mode) else None
