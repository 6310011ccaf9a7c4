"""What must hold of a session, whatever the other side sends: as the ESME, and as the simulated SMSC."""

from __future__ import annotations

import asyncio
from copy import copy
from random import Random
from typing import Any, Final

from smppcast.errors import SmppcastError
from smppcast.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DataSmResp,
    DeliverSm,
    EnquireLink,
    InterfaceVersion,
    Pdu,
    QuerySm,
    SubmitSm,
    Tlvs,
    Unbind,
    decode,
    encode,
)
from smppcast.smpp.framing import Framer
from smppcast.smpp.session import (
    Answer,
    Answers,
    Deliveries,
    Event,
    Expired,
    LateAnswers,
    Request,
    Session,
    Timers,
)
from smppcast.smsc.center import Center
from smppcast.smsc.draws import Delays
from smppcast.smsc.habits import Habits
from smppcast.smsc.link import Link
from smppcast.smsc.scenario import Scenario
from tests.fuzz.streams import cuts, pdus

# --- the ESME -----------------------------------------------------------------------------

BODY: Final = encode(SubmitSm(destination_addr="33612345678", short_message=b"Bonjour"))[16:]
REQUESTS: Final[list[Pdu]] = [
    BindTransceiver(),
    BindTransmitter(),
    BindReceiver(),
    QuerySm(message_id="1"),
    CancelSm(message_id="123456789"),
    DataSm(tlvs=Tlvs(message_payload=b"x")),
    EnquireLink(),
    Unbind(),
]
DO: Final = 0x80
"""Control octets from here on are what the ESME does; others make what it receives (see `streams`)."""


class _Esme:
    """A session, with an account of every token that was given to it."""

    def __init__(self, setting: int) -> None:
        version = InterfaceVersion.V3_3 if setting & 1 else InterfaceVersion.V3_4
        self.session = Session(10, Timers(5, 10, 40 if setting & 2 else 0), 0, interface_version=version)
        self.now = 0.0
        self.given = 0
        self.back: list[Any] = []
        self.late: list[Any] = []
        self.unbinds = 0

    def does(self, what: int) -> None:
        """One of the things that an owner does with a session."""
        session = self.session
        match what % 4:
            case 0:
                self.now += (what >> 2) % 16
                self.sees(session.tick(self.now))
            case 1:
                count = min((what >> 2) % 8, session.window.room) if session.can_submit else 0
                session.submit([BODY] * count, range(self.given, self.given + count), self.now)
                self.given += count
            case 2:
                self.asks(REQUESTS[(what >> 2) % len(REQUESTS)])
            case _:
                if session.can_respond:
                    session.acknowledge([what, 0xFFFFFFFF], 0x64 if what & 4 else 0)
        self.writes()

    def asks(self, pdu: Pdu) -> None:
        try:
            self.session.request(pdu, self.given, self.now)
        except SmppcastError:
            return
        self.unbinds += isinstance(pdu, Unbind)
        self.given += 1

    def sees(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Answers() | Expired():
                    self.back += event.tokens
                case LateAnswers():
                    assert len(event.tokens) == len(event.statuses) == len(event.message_ids) > 0
                    self.late += event.tokens
                case Answer():
                    self.back.append(event.token)
                case Deliveries():
                    assert event.pdus
                case Request(pdu=DataSm() as pdu):
                    self.session.respond(DataSmResp(sequence_number=pdu.sequence_number))
                case _:
                    pass

    def writes(self) -> None:
        """All that is written can be read."""
        framer = Framer()
        for octets in framer.feed(self.session.take()):
            assert encode(decode(octets)) == octets

    def ends(self) -> None:
        """Every token came back once; an unbind that ends the session tells so by that alone."""
        self.back += self.session.close()
        self.writes()
        assert len(set(self.back)) == len(self.back)
        assert set(self.back) <= set(range(self.given))
        assert 0 <= self.given - len(self.back) <= min(1, self.unbinds)
        assert len(set(self.late)) == len(self.late)
        assert set(self.late) <= set(self.back)


def esme(data: bytes) -> None:
    """Whatever comes, in whatever cuts, the ESME's session neither breaks nor loses a token."""
    played = _Esme(data[0] if data else 0)
    at = 1
    while at + 2 <= len(data):
        control, length = data[at], data[at + 1]
        if control >= DO and control % 8:
            played.does(length)
            at += 2
            continue
        came = b"".join(pdus(data[at : at + 2 + length]))
        at += 2 + length
        for piece in cuts(came, data[1:4] if control & 1 else b""):
            played.sees(played.session.receive(piece, played.now))
            played.writes()
    played.ends()


# --- the SMSC -----------------------------------------------------------------------------

SCENARIOS: Final = [
    Scenario(),
    Scenario().changed(interface_version=0x33, message_ids={"response": "hex"}),
    Scenario().changed(
        accounts=[{"system_id": "gouv", "password": "secret"}, {"system_id": "esme"}],
        binds={"max_per_account": 1},
        numbers=[{"suffix": "5", "state": "rejected"}, {"suffix": "6", "status": 0x0B}],
        receipts={"form": "both", "window": 2, "retry_ms": 1, "early": 0.3, "repeated": 0.2, "orphan": 0.2},
        message_ids={"source": "random16", "response": "uuid"},
    ),
    Scenario().changed(
        response_latency={"uniform": [1, 50]},
        receipt_latency=5,
        rate={"per_s": 3},
        queue={"limit": 4},
        refusals=[{"status": 0x58, "share": 0.2}],
        faults={"withhold": 0.2, "unbind_after": 6, "stall_after": 3},
    ),
]


HABITS: Final = [Habits(scenario) for scenario in SCENARIOS]


def _fresh(habits: Habits) -> Habits:
    """As those made anew from their scenario: its tables of draws take too long to be made for an input."""
    made = copy(habits)
    made.response_delay = Delays(habits.scenario.response_latency, Random("response"))
    made.receipt_delay = Delays(habits.scenario.receipt_latency, Random("receipt"))
    return made


class _Wire(asyncio.Transport):
    """The other end of a link."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reading, self.closed = True, False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing to limit."""

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class _Smsc:
    """A centre with two links, and a clock that stands still unless told."""

    def __init__(self, habits: Habits) -> None:
        self.center = Center(Scenario(), 1_700_000_000.0)
        self.center.habits = habits
        self.touched: list[Link] = []
        self.clock = 0.0
        self.links: list[tuple[Link, _Wire]] = []
        for _ in range(2):
            link, wire = Link(self), _Wire()
            link.connection_made(wire)
            self.links.append((link, wire))

    def now(self) -> float:
        return self.clock

    def joined(self, link: Link) -> None:
        assert isinstance(link, Link)

    def left(self, link: Link) -> None:
        assert isinstance(link, Link)

    def turn(self) -> None:
        self.center.wheel.run(self.clock)
        touched, self.touched = self.touched, []
        for link in touched:
            link.flush()

    def receives(self, which: int, octets: bytes) -> None:
        link, wire = self.links[which]
        if wire.closed:
            link.connection_lost(None)
            link, wire = self.links[which] = Link(self), _Wire()
            link.connection_made(wire)
        if wire.reading:
            link.data_received(octets)
        self.reads()

    def reads(self) -> None:
        """All that was written can be read, and was numbered well."""
        for _, wire in self.links:
            framer = Framer()
            for octets in framer.feed(wire.written):
                pdu = decode(octets, strict=True)
                assert not isinstance(pdu, DeliverSm) or 1 <= pdu.sequence_number <= 0x7FFFFFFF
            assert framer.feed(b"") == []
            wire.written.clear()

    def ends(self) -> None:
        """The account closes; with all links gone, every receipt is owed, settled or dropped."""
        for link, _ in self.links:
            link.connection_lost(None)
        self.center.wheel.run(float("inf"))
        account = self.center.account
        assert account.submitted == account.accepted + sum(account.refused.values())
        assert len(account.order()) == account.submitted
        assert self.center.receipts_owed == sum(client.owed_count for client in self.center.clients.values())
        assert account.receipts_acknowledged + account.receipts_refused <= account.receipts_sent


def smsc(data: bytes) -> None:
    """Whatever clients send, the simulated SMSC answers in SMPP and keeps its account."""
    played = _Smsc(_fresh(HABITS[data[0] % len(HABITS) if data else 0]))
    at = 1
    while at + 2 <= len(data):
        control, length = data[at], data[at + 1]
        if control >= 0xF0:
            played.clock += length / 100
            played.turn()
            played.reads()
            at += 2
            continue
        came = b"".join(pdus(data[at : at + 2 + length]))
        at += 2 + length
        for piece in cuts(came, data[1:4] if length & 1 else b""):
            played.receives(control >> 6 & 1, piece)
    played.ends()
