"""One writer a ledger: a lock that dies with its process, and tells who holds it."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

from smppcast.errors import LedgerBusy, LedgerError

__all__ = ["WriterLock"]

# Who asks `holder()` has the lock for some microseconds: a writer that meets that comes again.
ATTEMPTS, PAUSE_S = 5, 0.01


class WriterLock:
    """A side file, `LEDGER-lock`, under flock(2), holding the writer's pid and host.

    It stays when the lock is gone: deleting it would let two writers lock two files of one name.
    """

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.path = ledger.with_name(ledger.name + "-lock")
        self._file = -1

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            LedgerBusy: another writer holds it, here or in another process.
            LedgerError: the side file cannot be made.
        """
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(f"{self.path}: {error.strerror}") from error
        if not _locked(file, fcntl.LOCK_EX, ATTEMPTS):
            holder = os.pread(file, 512, 0).decode("utf-8", "replace").strip()
            os.close(file)
            raise LedgerBusy(f"{self.ledger}: written by process {holder or 'unknown'}")
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Gives the lock back; harmless when it is not held."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def holder(self) -> int | None:
        """The pid of the writer that lives, if any (0 when it is not told)."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if _locked(file, fcntl.LOCK_SH, 1):
                return None
            pid = os.pread(file, 512, 0).split(b" ")[0]
            return int(pid) if pid.isdigit() else 0
        finally:
            os.close(file)


def _locked(file: int, kind: int, attempts: int) -> bool:
    for attempt in range(attempts):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < attempts:
                time.sleep(PAUSE_S)
        else:
            return True
    return False
