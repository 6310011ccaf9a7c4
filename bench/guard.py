"""A loss on the hot paths is noticed: instructions of the interpreter a message, held against a baseline.

Instructions (bytecode executed, and calls into C) are counted, not timed: the same on every machine and
under every load, as long as Python's minor version is the baseline's. What they do not see is work inside C
that grew; so each path is also timed against a loop of like work, run in turns with it, and held to twice
its ratio, which no busy machine reaches.

    python -m bench guard            holds this tree against bench/baseline.json
    python -m bench guard --renew    writes that file anew: when a path has become dearer on purpose
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from argparse import ArgumentParser
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from struct import pack
from types import FrameType
from typing import Any, Final

from bench._common import FIRST_NUMBER, machine, table
from smppcast.client.bulk import Bulk
from smppcast.client.numbers import feed_of
from smppcast.client.outbox import Outbox
from smppcast.client.wording import Composer, Dialect
from smppcast.ledger.board import Boards
from smppcast.ledger.facts import Accepted, Chunk, Fact, Intent, Received, TakenIn, chunk_key, make_ref
from smppcast.ledger.rows import row_of
from smppcast.net.link import Link
from smppcast.net.pump import Pump
from smppcast.receipts import batch as receipts
from smppcast.smpp import BindTransceiver, DeliverSm, SubmitSm, batch, encode
from smppcast.smpp.session import Answers, Event, Session, Timers
from smppcast.smpp.vocabulary import Ton
from smppcast.smpp.window import Window
from smppcast.smsc.link import Link as SmscLink
from smppcast.smsc.loading import load_scenario
from smppcast.smsc.server import Smsc

BASELINE: Final = Path(__file__).parent / "baseline.json"
COUNT: Final = 100
REPEATS: Final = 30
TRIES: Final = 3
INSTRUCTIONS_MOST: Final = 1.25
TIME_MOST: Final = 2.0
MAX_COMMAND_LENGTH: Final = 65_536
SMOKE = False  # .ci/run has a step for it


@dataclass(frozen=True, slots=True)
class Measured:
    """What one message costs.

    Args:
        instructions: of the interpreter.
        time: as a ratio to the loop of like work.
    """

    instructions: float
    time: float


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench guard", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--renew", action="store_true", help="write bench/baseline.json instead")
    parser.add_argument("--quick", action="store_true", help="no difference: it is quick")
    options = parser.parse_args(argv)
    print(machine())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    paths = asyncio.run(_paths())
    if options.renew:
        found = {name: measure(work) for name, work in paths.items()}
        document = {"python": version, "paths": {name: _plain(each) for name, each in found.items()}}
        BASELINE.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        print(f"{BASELINE.name} is written, for Python {version}")
        return 0
    baseline = json.loads(BASELINE.read_text("utf-8"))
    counted = baseline["python"] == version
    if not counted:
        print(f"instructions are those of Python {baseline['python']}, this is {version}: only time is held")
    lost = []
    rows = [["", "instructions", "baseline", "ratio", "time", "baseline", "ratio"]]
    for name, work in paths.items():
        known = Measured(**baseline["paths"][name])
        found_here = _held(work, known, counted=counted)
        rows.append([name, *_cells(found_here, known)])
        if _lost(found_here, known, counted=counted):
            lost.append(name)
    print(table(rows))
    if lost:
        print(f"lost more than {INSTRUCTIONS_MOST - 1:.0%}: {', '.join(lost)}; if that is meant, --renew")
    return 1 if lost else 0


def _plain(measured: Measured) -> dict[str, float]:
    return {"instructions": round(measured.instructions, 2), "time": round(measured.time, 3)}


def _cells(found: Measured, known: Measured) -> list[str]:
    of_instructions, of_time = found.instructions / known.instructions, found.time / known.time
    return [
        *(f"{found.instructions:.1f}", f"{known.instructions:.1f}", f"{of_instructions:.2f}"),
        *(f"{found.time:.2f}", f"{known.time:.2f}", f"{of_time:.2f}"),
    ]


def _lost(found: Measured, known: Measured, *, counted: bool) -> bool:
    dearer = counted and found.instructions > known.instructions * INSTRUCTIONS_MOST
    return dearer or found.time > known.time * TIME_MOST


def _held(work: Callable[[], object], known: Measured, *, counted: bool) -> Measured:
    """Measures, once more where a busy machine may have been in the way."""
    for _ in range(TRIES - 1):
        found = measure(work)
        if not _lost(found, known, counted=counted):
            return found
    return measure(work)


# --- measuring ----------------------------------------------------------------------------


def measure(work: Callable[[], object]) -> Measured:
    """The cost of `work`, which handles `COUNT` messages; it is run before, so that caches are filled."""
    work()
    work()
    instructions = _instructions(work) / COUNT
    best = calibration = float("inf")
    for _ in range(REPEATS):
        calibration = min(calibration, _seconds(_like_work))
        best = min(best, _seconds(work))
    return Measured(instructions, best / calibration)


def _instructions(work: Callable[[], object]) -> int:
    """Bytecode instructions and calls into C."""
    executed = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal executed
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        executed += event == "opcode"
        return trace

    def profile(_: FrameType, event: str, __: Any) -> None:
        nonlocal executed
        executed += event == "c_call"

    gc.disable()  # a collection may run finalizers in between, which are Python as well
    try:
        with _hooks(trace, profile):
            work()
    finally:
        gc.enable()
    return executed


@contextmanager
def _hooks(trace: Any, profile: Any) -> Iterator[None]:
    before = sys.gettrace(), sys.getprofile()
    sys.setprofile(profile)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


_BODIES: Final = [b"%0240d" % number for number in range(COUNT)]


def _like_work() -> int:
    """What the hot paths are made of: octets cut and joined, numbers packed, dictionaries filled and
    emptied."""
    numbers = pack(f">{COUNT}I", *range(COUNT))
    joined = b"".join(
        [numbers[at : at + 4] + body for at, body in zip(range(0, 400, 4), _BODIES, strict=True)]
    )
    found = {joined[at : at + 4]: joined[at + 4 : at + 24] for at in range(0, len(joined), 244)}
    pop = found.pop
    return sum([len(pop(number)) for number in list(found)])


# --- paths --------------------------------------------------------------------------------


async def _paths() -> dict[str, Callable[[], object]]:
    return {
        "submit_sm: encode": _encode,
        "submit_sm: encode, all alike": _encode_alike,
        "submit_sm_resp: cut": _cut,
        "receipts: read": _receipts,
        "receipts: read, of two outcomes": _receipts_mixed,
        "window: add and settle": _window,
        "client: answers in, submits out": _client(),
        "client: a turn of submit_many": _stream(),
        "simulated SMSC: submits in, answers out": _smsc(_NUMBERS),
        "simulated SMSC: of two lengths": _smsc([number * 10 ** (number % 2) for number in _NUMBERS]),
        "ledger: facts to rows": _rows,
        "ledger: facts to the account": _boards(),
    }


_PREFIX, _SUFFIX = batch.around_destination(
    encode(SubmitSm(source_addr="GOUV", registered_delivery=1, short_message=b"x" * 160))
)
_SUBMITS: Final = [_PREFIX + b"%d" % (FIRST_NUMBER + at) + _SUFFIX for at in range(COUNT)]
_DIGITS: Final = b"".join(b"%d" % (FIRST_NUMBER + at) for at in range(COUNT))
_RECEIPTS: Final = [
    encode(
        DeliverSm(
            sequence_number=at,
            source_addr=str(FIRST_NUMBER + at),
            destination_addr="GOUV",
            esm_class=4,
            short_message=b"id:%010d sub:001 dlvrd:001 submit date:2003150800 done date:2003150801 "
            b"stat:DELIVRD err:000 text:" % at,
        )
    )
    for at in range(1, COUNT + 1)
]
_RECEIPTS_MIXED: Final = [
    pdu.replace(b"DELIVRD", b"UNDELIV") if at % 10 == 0 else pdu for at, pdu in enumerate(_RECEIPTS)
]
_REFS: Final = [make_ref(chunk_key(1, 0), offset) for offset in range(COUNT)]
_NUMBERS: Final = [FIRST_NUMBER + at for at in range(COUNT)]
_IDS: Final = [f"{at:010}" for at in range(COUNT)]


_ANSWERS: Final = b"".join(
    pack(">IIII", 27, 0x80000004, 0, at) + b"%010d\0" % at for at in range(1, COUNT + 1)
)


def _responses(first: int) -> bytes:
    """As `_ANSWERS`, from another sequence_number on: hardly an instruction, since this is not measured."""
    answers, numbers = bytearray(_ANSWERS), pack(f">{COUNT}I", *range(first, first + COUNT))
    for at in range(4):
        answers[12 + at :: 27] = numbers[at::4]
    return bytes(answers)


def _encode() -> object:
    return batch.submit_sms(1, _SUBMITS)


def _encode_alike() -> object:
    return batch.submit_sms_alike(1, _PREFIX, _DIGITS, len(_DIGITS) // COUNT, _SUFFIX)


def _cut() -> object:
    return batch.cut(_ANSWERS, MAX_COMMAND_LENGTH)


def _receipts() -> object:
    return receipts.read(_RECEIPTS)


def _receipts_mixed() -> object:
    return receipts.read(_RECEIPTS_MIXED)


def _window() -> object:
    window: Window[int] = Window(COUNT)
    window.add(1, range(COUNT), 0.0)
    return window.settle_run(list(range(1, COUNT + 1)))


class _Kernel:
    """A transport without a network."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written = data

    def get_extra_info(self, _: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Submitter:
    """An owner that always has something to send."""

    def fill(self, session: Session, now: float) -> None:
        if session.can_submit and (room := session.window.room):
            session.submit(_SUBMITS[:room], range(room), now)

    def written(self, now: float) -> None: ...

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:  # noqa: ARG002 - whatever
        return None

    @property
    def hurries(self) -> bool:
        return False

    def handle(self, events: Sequence[Event], _: float) -> None:
        assert all(isinstance(event, Answers) for event in events)


def _client() -> Callable[[], object]:
    link, session, kernel = Link(), Session(COUNT, Timers(), 0.0), _Kernel()
    link.connection_made(kernel)  # type: ignore[arg-type]  # it has what a link calls
    session.request(BindTransceiver(), "bind", 0.0)
    session.receive(pack(">IIII", 17, 0x80000009, 0, 1) + b"\0", 0.0)
    session.take()
    pump = Pump(link, session, _Submitter(), lambda: 0.0)
    link.begin(pump)
    pump.received(b"")  # a first turn fills the window

    def turn() -> None:
        first = int.from_bytes(kernel.written[12:16], "big")
        link.data_received(_responses(first))

    return turn


def _stream() -> Callable[[], object]:
    session, numbers = Session(COUNT, Timers(), 0.0), [str(number) for number in _NUMBERS]
    session.request(BindTransceiver(), "bind", 0.0)
    session.receive(pack(">IIII", 17, 0x80000009, 0, 1) + b"\0", 0.0)
    session.take()
    outbox = Outbox(lambda: None)
    wording = Composer(Dialect("GOUV"), seed=0).wording("", "x" * 160, None, receipt=False)
    feed = feed_of(cycle(numbers), lambda: None)
    bulk = Bulk(feed, wording, Ton.INTERNATIONAL, sys.maxsize, lambda: None)
    outbox.open(bulk)
    outbox.fill(session, 0.0)

    def turn() -> None:
        first = int.from_bytes(session.take()[12:16], "big")
        (answers,) = session.receive(_responses(first), 0.0)
        assert isinstance(answers, Answers)
        outbox.fill(session, 0.0)
        outbox.answered(answers)
        outbox.prepare(session)
        bulk.fetch()

    return turn


def _smsc(numbers: Sequence[int]) -> Callable[[], object]:
    smsc = Smsc(load_scenario("ideal"), clock=lambda: 0.0)
    link, kernel = SmscLink(smsc), _Kernel()
    link.connection_made(kernel)  # type: ignore[arg-type]  # it has what a link calls
    link.data_received(encode(BindTransceiver(system_id="bench", sequence_number=1)))
    without_receipts = SubmitSm(source_addr="GOUV", short_message=b"x" * 160)
    before, behind = batch.around_destination(encode(without_receipts))
    submits = batch.submit_sms(2, [before + b"%d" % number + behind for number in numbers])

    def turn() -> None:
        link.data_received(submits)
        assert len(kernel.written) > COUNT * 16

    return turn


def _facts() -> tuple[Fact, ...]:
    accepted = Accepted("orange", 1.0, _REFS, _IDS, _NUMBERS)
    received = Received("orange", 2.0, _REFS, bytes([2]) * COUNT, ["000"] * COUNT, [1] * COUNT)
    return accepted, received


def _rows() -> object:
    return [row_of(fact) for fact in _facts()]  # type: ignore[arg-type]  # both have rows


def _boards() -> Callable[[], object]:
    chunk = Chunk(chunk_key(1, 0), "orange", array("q", _NUMBERS), 1)
    before = (
        TakenIn(1, 1.0, COUNT, b"", COUNT, {}, 0, 0, complete=True, chunks=(chunk,)),
        Intent(chunk.key, COUNT),
    )
    facts = _facts()

    def settle() -> None:
        boards = Boards("alert")
        for fact in (*before, *facts):
            boards.apply(fact)
        assert boards.account().delivered == COUNT

    return settle
