"""An account at the simulated SMSC: its binds, its budget, and the receipts it is owed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from smppcast.smsc.report import Owed
from smppcast.smsc.scenario import Rate

__all__ = ["Bind", "Client"]


class Bind(Protocol):
    """A bound link, as its account and the centre see it."""

    @property
    def client(self) -> Client: ...

    @property
    def receives(self) -> bool:
        """Whether it may be sent receipts."""
        ...

    @property
    def speaks_3_3(self) -> bool:
        """Whether it knows no TLVs, and no message_ids of more than 8 octets (SMPP 5.0 section 2.11.2)."""
        ...

    @property
    def interface_version(self) -> int:
        """What both sides speak."""
        ...

    def request(self, pdu: bytes) -> None:
        """Sends a request of the SMSC's own; its sequence_number is written by the bind."""
        ...

    def answer(self, pdus: bytes, count: int) -> None:
        """Sends responses to `count` submits."""
        ...

    def withhold(self, count: int) -> None:
        """Takes note that `count` submits are never answered."""
        ...

    def receive(self, owed: Owed) -> None:
        """Sends receipts as its window has room."""
        ...

    def bring(self, bodies: Sequence[bytes]) -> None:
        """Sends inbound messages, bodies of deliver_sm, as its window has room."""
        ...


class Client:
    """What its binds share.

    Attributes:
        owed: receipts that wait for a bind that receives, `owed_count` of them.
        inbound: messages of subscribers that do.
        lingering: until when binds whose link was lost still count.
        queued: messages short of their final state, counted while the scenario limits them.
    """

    __slots__ = (
        "_filled_at",
        "_tokens",
        "_turn",
        "binds",
        "inbound",
        "lingering",
        "owed",
        "owed_count",
        "queued",
        "system_id",
    )

    def __init__(self, system_id: str) -> None:
        self.system_id = system_id
        self.binds: list[Bind] = []
        self.owed: deque[Owed] = deque()
        self.owed_count = 0
        self.inbound: deque[bytes] = deque()
        self.queued = 0
        self.lingering: list[float] = []
        self._tokens: float | None = None
        self._filled_at = 0.0
        self._turn = 0

    def held(self, now: float) -> int:
        """Binds that count against its limit."""
        self.lingering = [until for until in self.lingering if until > now]
        return len(self.binds) + len(self.lingering)

    def admit(self, rate: Rate, count: int, now: float) -> int:
        """How many of `count` submits the bucket lets in at `now`; it starts full."""
        burst = rate.burst or max(1.0, rate.per_s / 10)
        before = burst if self._tokens is None else self._tokens
        tokens = min(burst, before + (now - self._filled_at) * rate.per_s)
        # A submit that comes exactly on time is let in: floats lose a little at each sum.
        admitted = min(count, int(tokens + 1e-6))
        self._tokens, self._filled_at = tokens - admitted, now
        return admitted

    def settle(self, count: int) -> None:
        """Messages reached their final state."""
        self.queued -= count

    def keep(self, owed: Owed, most: int) -> int:
        """Keeps receipts for the next bind that receives; returns how many old ones were dropped
        to keep no more than `most` of them, a batch at least."""
        self.owed.append(owed)
        self.owed_count += len(owed)
        dropped = 0
        while self.owed_count - dropped > most and len(self.owed) > 1:
            dropped += len(self.owed.popleft())
        self.owed_count -= dropped
        return dropped

    def receiver(self, origin: Bind, *, other: bool) -> Bind | None:
        """The bind that a receipt goes to: `origin`, the message's, where it receives, else (or,
        with `other`, rather) another one, in turn; None while there is none."""
        receivers = [bind for bind in self.binds if bind.receives]
        others = [bind for bind in receivers if bind is not origin]
        if origin in receivers and not (other and others):
            return origin
        self._turn += 1
        return others[self._turn % len(others)] if others else None
