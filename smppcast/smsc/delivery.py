"""What one bind is sent and has to acknowledge: receipts and inbound messages, within one window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from struct import pack
from typing import Final, Protocol

from smppcast.smpp.vocabulary import CommandId, CommandStatus
from smppcast.smsc.bulk import DELIVER_SM, frame, pieces
from smppcast.smsc.center import Center
from smppcast.smsc.client import Bind
from smppcast.smsc.dialect import as_data_sm, without_tlvs
from smppcast.smsc.inbound import Mailbox
from smppcast.smsc.report import Again, Owed

__all__ = ["Delivery", "Outlet"]

SEQUENCE_MAX: Final = 0x7FFFFFFF


class Outlet(Bind, Protocol):
    """A bind that can be written to."""

    @property
    def writable(self) -> bool:
        """Whether the client takes what it is sent."""
        ...

    def send(self, pdus: bytes) -> None:
        """Adds to what this turn writes."""
        ...


class Delivery:
    """deliver_sm of one bind.

    Attributes:
        sent: how many so far.
    """

    __slots__ = (
        "_bind",
        "_center",
        "_clock",
        "_mailbox",
        "_ready",
        "_unacknowledged",
        "sent",
        "sequence_number",
    )

    def __init__(self, center: Center, clock: Callable[[], float], bind: Outlet) -> None:
        self._center, self._clock, self._bind = center, clock, bind
        self._ready: deque[Owed] = deque()
        self._unacknowledged: dict[bytes, bytes] = {}
        self._mailbox = Mailbox()
        self.sent = self.sequence_number = 0

    def __len__(self) -> int:
        """Those that it has not answered."""
        return len(self._unacknowledged) + len(self._mailbox.unanswered)

    def numbers(self, count: int) -> Sequence[bytes]:
        """The next sequence_numbers of the SMSC's requests, 1 to 0x7FFFFFFF and round again."""
        first = self.sequence_number
        self.sequence_number = (first + count) % SEQUENCE_MAX
        if first + count > SEQUENCE_MAX:
            return [(number % SEQUENCE_MAX + 1).to_bytes(4, "big") for number in range(first, first + count)]
        return pieces(pack(f">{count}I", *range(first + 1, first + count + 1)), 4)

    # --- out ------------------------------------------------------------------------------

    def receive(self, owed: Owed) -> None:
        """Sends receipts as the window has room."""
        self._ready.append(owed)
        self.pump()

    def bring(self, bodies: Sequence[bytes]) -> None:
        """Sends inbound messages, bodies of deliver_sm, as the window has room."""
        self._mailbox.ready.extend(bodies)
        self.pump()

    def pump(self) -> None:
        """Sends what there is room for."""
        ready, mailbox = self._ready, self._mailbox
        if not (ready or mailbox.ready) or not self._bind.receives or not self._bind.writable:
            return
        window = self._center.habits.scenario.receipts.window
        if mailbox.ready:
            self._post(window - len(self))
        while ready:
            room = window - len(self._unacknowledged) - len(mailbox.unanswered)
            if room <= 0:
                return
            bodies = ready[0].take(room, tlvs=not self._bind.speaks_3_3)
            if not len(ready[0]):
                ready.popleft()
            numbers = self.numbers(len(bodies))
            self._unacknowledged.update(zip(numbers, bodies, strict=True))
            self._center.account.receipts_sent += len(bodies)
            self._report(numbers, bodies)

    def _post(self, room: int) -> None:
        """Sends inbound messages, before any receipt: they are few."""
        bodies = self._mailbox.take(max(0, room))
        if self._bind.speaks_3_3:
            bodies = list(map(without_tlvs, bodies))
        numbers = self.numbers(len(bodies))
        self._mailbox.unanswered.update(zip(numbers, bodies, strict=True))
        self._center.account.inbound_sent += len(bodies)
        if bodies:
            self._send(numbers, bodies)

    def _report(self, numbers: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        """Sends receipts in the command that carries them."""
        if self._center.habits.scenario.receipts.command == "data_sm" and not self._bind.speaks_3_3:
            self.sent += len(bodies)
            self._bind.send(frame(CommandId.DATA_SM, 0, numbers, list(map(as_data_sm, bodies))))
        else:
            self._send(numbers, bodies)

    def _send(self, numbers: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        self.sent += len(bodies)
        self._bind.send(frame(DELIVER_SM, 0, numbers, bodies))

    # --- back -----------------------------------------------------------------------------

    def acknowledged(self, numbers: Sequence[bytes]) -> None:
        """Answered ESME_ROK."""
        before = len(self._unacknowledged)
        deque(map(self._unacknowledged.pop, numbers, repeat(b"")), maxlen=0)
        count = before - len(self._unacknowledged)
        self._center.account.receipts_acknowledged += count
        self._center.receipts_owed -= count
        if self._mailbox.unanswered:
            inbound = self._mailbox.answered(numbers)
            self._center.account.inbound_acknowledged += inbound
            self._center.inbound_owed -= inbound
        self.pump()

    def refused(self, refused: Sequence[tuple[bytes, int]]) -> None:
        """Answered with an error: ESME_RX_T_APPN asks for it again later, others not at all."""
        again: list[bytes] = []
        for number, status in refused:
            body = self._unacknowledged.pop(number, None)
            if body is None:
                self._inbound_refused(number, status)
            elif status == CommandStatus.ESME_RX_T_APPN:
                again.append(body)
            else:
                self._center.account.receipts_refused += 1
                self._center.receipts_owed -= 1
        if again:
            self._center.wheel.push(self._retry_at, partial(self._center.deliver, self._bind, Again(again)))
        self.pump()

    def _inbound_refused(self, number: bytes, status: int) -> None:
        body = self._mailbox.unanswered.pop(number, None)
        if body is None:
            return
        if status == CommandStatus.ESME_RX_T_APPN:
            self._center.wheel.push(self._retry_at, partial(self._center.bring, self._bind.client, [body]))
        else:
            self._center.account.inbound_refused += 1
            self._center.inbound_owed -= 1

    @property
    def _retry_at(self) -> float:
        return self._clock() + self._center.habits.scenario.receipts.retry_ms / 1000

    def leave(self) -> None:
        """The bind ended: what it did not acknowledge waits for another."""
        unacknowledged = list(self._unacknowledged.values())
        self._unacknowledged.clear()
        waiting, self._ready = self._ready, deque()
        if unacknowledged:
            self._center.deliver(self._bind, Again(unacknowledged))
        for owed in waiting:
            self._center.deliver(self._bind, owed)
        inbound = self._mailbox.leave()
        if inbound:
            self._center.bring(self._bind.client, inbound)
