"""Which rows a feed has given: so that a resumed campaign takes in the same ones, or none."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from anyio import from_thread, to_thread

from smppcast.errors import FeedError
from smppcast.feed.batch import Batch
from smppcast.feed.blocks import BLOCK
from smppcast.feed.reader import Source

__all__ = ["FeedDigest", "identify"]


class FeedDigest:
    """A running BLAKE2b over the rows of a feed, in their order.

    The same rows give the same digest however they were cut into batches, and whichever columns
    were asked for; line ends (CRLF or LF) and blank lines do not count. To stop at exactly row N,
    split the batch that holds it: `Batch.split`.

    Attributes:
        rows: how many rows went in.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.blake2b(digest_size=16)

    def update(self, batch: Batch) -> None:
        """Take in the rows of a batch."""
        if not batch.rows:
            return
        text = "\n".join(batch.rows)
        if text.count("\n") != len(batch.rows) - 1:  # a quoted cell with a line feed in it
            text = "\n".join(row.replace("\n", "\r") for row in batch.rows)
        self._hash.update(text.encode("utf-8", "surrogatepass"))
        self._hash.update(b"\n")
        self.rows += len(batch.rows)

    def digest(self) -> bytes:
        """16 octets for the rows so far; more rows may follow."""
        return self._hash.digest()

    def require(self, digest: bytes, *, feed: str) -> None:
        """Hold the rows so far to a digest stored earlier.

        Raises:
            FeedError: they are other rows.
        """
        if self.digest() != digest:
            raise FeedError(
                f"its first {self.rows} rows are not those that the campaign took in before", feed=feed
            )


async def identify(source: Source) -> str:
    """A name for the content of a file, the same as long as its octets are.

    It is a BLAKE2b over the whole file, read in a worker thread (a second or so for a gigabyte):
    a sample would take two exports that differ in one number for the same.

    Raises:
        FeedError: the source is read but once (standard input, a pipe, an iterable), so that a
            campaign on it needs a name of its own; or the file cannot be read.
    """
    if not isinstance(source, str | Path) or source == "-":
        shown = "standard input" if source == "-" else "an iterable"
        raise FeedError(f"{shown} can be read but once: give the campaign a name")
    return await to_thread.run_sync(_fingerprint, Path(source))


def _fingerprint(path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise FeedError("can be read but once: give the campaign a name", feed=str(path))
    content = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                content.update(block)
                from_thread.check_cancelled()
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise FeedError(f"cannot be read: {error.strerror}", feed=str(path)) from error
    return f"{size:x}-{content.hexdigest()}"
