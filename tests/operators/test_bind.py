"""The bind request, and a bind's life, against listeners that the test scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from struct import pack, unpack
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from anyio.abc import SocketStream

from smppcast.errors import BindRefused, FramingError, LinkLost, ResponseTimeout, SmppcastError
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.net.clock import monotonic
from smppcast.net.pump import Pump
from smppcast.operators.bind import Bind, BindKind, BindState, bind_pdu
from smppcast.operators.inbox import Inbox
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import BindReceiver, BindTransceiver, BindTransmitter
from smppcast.smpp.session import Answers, Deliveries, LateAnswers, Session, Timers

Peer = Callable[[SocketStream], Awaitable[None]]


def settings(url: str = "smpp://user@127.0.0.1:2775", **changes: Any) -> OperatorSettings:
    return OperatorSettings.model_validate({"url": url, **changes})


@pytest.mark.parametrize(
    ("kind", "pdu"),
    [
        (BindKind.TRANSCEIVER, BindTransceiver),
        (BindKind.TRANSMITTER, BindTransmitter),
        (BindKind.RECEIVER, BindReceiver),
    ],
)
def test_the_request_says_what_the_account_is_told(kind: BindKind, pdu: type) -> None:
    account = settings(
        "smpp://user:s%40cret@host",
        system_type="OTA",
        interface_version="5.0",
        address_range={"ton": "international", "npi": "isdn", "range": "^336"},
    )
    request = bind_pdu(kind, account)
    assert type(request) is pdu
    assert isinstance(request, BindTransceiver | BindTransmitter | BindReceiver)
    said = (request.system_id, request.password, request.system_type, request.address_range)
    assert said == ("user", "s@cret", "OTA", "^336")
    assert request.interface_version == 0x50


def test_what_is_answered_and_not_handled_yet_is_unanswered_still() -> None:
    """A receipt on another bind may be its own, and must not be taken for an older segment's."""
    bind = Bind(Owner(), BindKind.TRANSCEIVER, 1, settings())
    assert (list(bind.unanswered), bind.in_flight) == ([], 0)
    session = Session(10, Timers(), 0)
    session.submit([b""] * 3, [5, 6, 7], 0)
    session.window.settle([1, 2])
    bind._session = session
    bind._pump = cast("Pump", SimpleNamespace(put_off=[Answers([5, 6], [], ["A", "B"]), Deliveries([b""])]))
    assert list(bind.unanswered) == [7, 5, 6]
    assert bind.in_flight == 3


class Owner:
    """A lane that keeps what its bind tells."""

    def __init__(self) -> None:
        store = MemoryStore()
        self.name, self.clock, self.closing = "orange", monotonic, False
        self.bind_window = 10
        self.writer = Writer(store)
        resolver = Resolver("orange", self.writer, store)
        self.inbox = Inbox(
            "orange", settings(), resolver, self.writer, lambda _: None, lambda _: None, monotonic
        )
        self.states: list[BindState] = []
        self.bind: Bind | None = None
        self.errors: list[SmppcastError | None] = []
        self._changed = anyio.Event()

    def fill(self, session: Session, now: float) -> None: ...

    def written(self, now: float) -> None: ...

    def answered(self, answers: Answers) -> None: ...

    def late(self, answers: LateAnswers) -> None: ...

    def sampled(self, latency_s: float, now: float) -> None: ...

    def expired(self, bind: Bind, refs: Sequence[int]) -> None: ...

    def link_ended(self, bind: Bind, refs: Sequence[int]) -> None: ...

    async def admitted(self) -> None: ...

    def changed(self) -> None:
        assert self.bind is not None
        self.states.append(self.bind.state)
        self.errors.append(self.bind.error)
        self._changed.set()
        self._changed = anyio.Event()

    async def reaches(self, state: BindState) -> None:
        with anyio.fail_after(10):
            while state not in self.states:
                await self._changed.wait()


@asynccontextmanager
async def bound_to(peer: Peer, **changes: Any) -> AsyncIterator[tuple[Owner, Bind]]:
    """A bind in work against a peer that the test scripts."""
    owner = Owner()
    owner.writer.start()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        async def serve_one(stream: SocketStream) -> None:
            async with stream:
                try:
                    await peer(stream)
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return

        account = settings(f"smpp://user@127.0.0.1:{port}", **changes)
        owner.bind = Bind(owner, BindKind.TRANSCEIVER, 1, account)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve_one)
            tasks.start_soon(owner.bind.run)
            yield owner, owner.bind
            tasks.cancel_scope.cancel()
    await owner.writer.aclose()
    assert owner.bind.state is BindState.CLOSED


async def answer(stream: SocketStream, status: int = 0, body: bytes = b"smsc\0") -> None:
    """Answers the next request with its response."""
    head = await stream.receive(65536)
    _, command_id, _, number = unpack(">IIII", head[:16])
    await stream.send(pack(">IIII", 16 + len(body), command_id | 0x80000000, status, number) + body)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", LinkLost),
        (b"\0\0\0\7garbage", FramingError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", FramingError),
    ],
)
async def test_a_peer_that_is_no_smsc_is_left_with_the_reason(reply: bytes, error: type) -> None:
    async def peer(stream: SocketStream) -> None:
        await stream.receive(1000)
        if reply:
            await stream.send(reply)
            await anyio.sleep_forever()

    async with bound_to(peer) as (owner, bind):
        await owner.reaches(BindState.WAITING)
        assert isinstance(bind.error, error)
        assert not bind.bound


@pytest.mark.anyio
async def test_a_peer_that_never_answers_the_bind_is_given_up() -> None:
    async def peer(stream: SocketStream) -> None:
        await anyio.sleep_forever()

    async with bound_to(peer, timers={"bind": 0.05}) as (owner, bind):
        await owner.reaches(BindState.WAITING)
        assert isinstance(bind.error, ResponseTimeout)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0x0E, BindState.REFUSED),
        (0x0F, BindState.REFUSED),
        (0x0D, BindState.WAITING),
        (0x05, BindState.WAITING),
    ],
)
async def test_a_refusal_is_told_apart_by_its_status(status: int, state: BindState) -> None:
    async def peer(stream: SocketStream) -> None:
        await answer(stream, status, b"")
        await anyio.sleep_forever()

    async with bound_to(peer) as (owner, bind):
        await owner.reaches(state)
        assert isinstance(bind.error, BindRefused)
        assert bind.error.command_status == status


@pytest.mark.anyio
async def test_an_answer_without_a_terminator_binds_all_the_same() -> None:
    async def peer(stream: SocketStream) -> None:
        await answer(stream, 0, b"unterminated")
        await anyio.sleep_forever()

    async with bound_to(peer) as (owner, bind):
        await owner.reaches(BindState.BOUND)
        assert bind.smsc == "unterminated"


@pytest.mark.anyio
async def test_bound_lost_and_bound_again() -> None:
    links: list[SocketStream] = []

    async def peer(stream: SocketStream) -> None:
        links.append(stream)
        await answer(stream)
        if len(links) > 1:
            await anyio.sleep_forever()

    async with bound_to(peer) as (owner, bind):
        await owner.reaches(BindState.BOUND)
        assert bind.smsc == "smsc"
        await owner.reaches(BindState.WAITING)
        owner.states.clear()
        await owner.reaches(BindState.BOUND)
        assert bind.reconnects == 1
