"""Every error that smppcast raises, as one tree.

::

    SmppcastError
    ├── UsageError                    ours: what we were asked cannot be done
    │   ├── ConfigError               a configuration file: file, line, key, value, what was expected
    │   │   └── ConfigFaults          several of them, found at once
    │   ├── FeedError                 a feed that cannot be read, or is not the one taken in before
    │   ├── TextError                 a text that the chosen encoding cannot carry
    │   ├── FieldError                a PDU field whose value does not fit the specification
    │   └── CampaignError             a campaign that is not what the ledger knows by that name
    ├── LedgerError                   the ledger's file or server
    │   ├── LedgerBusy                another process writes to it
    │   └── LedgerVersion             its schema is of another version
    ├── ProtocolError                 the peer's fault: bytes that are no SMPP
    │   ├── FramingError              the stream cannot be cut into PDUs any more
    │   └── DecodeError               one PDU is broken; `command_status` says how to answer it
    ├── StatusError                   the SMSC refused: `command_status`
    │   ├── BindRefused
    │   └── SubmitRefused
    └── LinkError                     the connection
        ├── ConnectFailed
        ├── LinkLost
        ├── ResponseTimeout
        └── OutcomeUnknown            sent, perhaps, and unanswered: neither accepted nor failed

Errors carry fields and build their sentence from them. Whether a command_status is
final, retriable or a throttle is said by `smppcast.smpp.vocabulary`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "BindRefused",
    "CampaignError",
    "ConfigError",
    "ConfigFaults",
    "ConnectFailed",
    "DecodeError",
    "FeedError",
    "FieldError",
    "FramingError",
    "LedgerBusy",
    "LedgerError",
    "LedgerVersion",
    "LinkError",
    "LinkLost",
    "OutcomeUnknown",
    "ProtocolError",
    "ResponseTimeout",
    "SmppcastError",
    "StatusError",
    "SubmitRefused",
    "TextError",
    "UsageError",
]


class SmppcastError(Exception):
    """The root: `except SmppcastError` catches whatever smppcast raises on purpose."""


# --- ours ---------------------------------------------------------------------------------


class UsageError(SmppcastError):
    """What we were asked cannot be done as asked; asking again unchanged will not help."""


class ConfigError(UsageError):
    """One fault of a configuration file.

    Args:
        problem: what is wrong, and what was expected.
        file: the file's name as the user gave it.
        line: counted from 1; None where the fault is not at one line.
        key: the dotted path of the key, as in ``operators.orange.rate``.
        value: the offending value as written; never a secret.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
        value: object = None,
    ) -> None:
        self.problem, self.file, self.line, self.key, self.value = problem, file, line, key, value
        where = ":".join(str(part) for part in (file, line) if part is not None)
        shown = None if value is None else f"{value!r}"
        named = " = ".join(part for part in (key, shown) if part)
        super().__init__(": ".join(part for part in (where, named, problem) if part))


class ConfigFaults(ConfigError):
    """Several faults of one configuration file, so that they are mended at once.

    Args:
        faults: at least one, in the order of their lines; the sentence has a line for each.
    """

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(first.problem, file=first.file, line=first.line, key=first.key, value=first.value)
        self.args = ("\n".join(map(str, self.faults)),)


class FeedError(UsageError):
    """A feed that cannot be read at all, or differs from what the campaign took in before.

    A single bad row is no error: it is counted and written to the rejects.
    """

    def __init__(self, problem: str, *, feed: str | None = None, line: int | None = None) -> None:
        self.problem, self.feed, self.line = problem, feed, line
        where = ":".join(str(part) for part in (feed, line) if part is not None)
        super().__init__(f"{where}: {problem}" if where else problem)


class TextError(UsageError):
    """A text that the chosen encoding, or 255 segments, cannot carry.

    Args:
        problem: what is wrong.
        characters: the (position, character) pairs at fault, in order, each character once.
    """

    def __init__(self, problem: str, *, characters: tuple[tuple[int, str], ...] = ()) -> None:
        self.problem, self.characters = problem, characters
        named = [f"{char!a} (U+{ord(char):04X}) at {position}" for position, char in characters[:5]]
        if len(characters) > len(named):
            named.append(f"{len(characters) - len(named)} more")
        super().__init__(f"{problem}: {', '.join(named)}" if named else problem)


class FieldError(UsageError):
    """A field of a PDU of ours whose value does not fit: nothing is cut, nothing is guessed."""

    def __init__(self, command: str, field: str, value: object, expected: str) -> None:
        self.command, self.field, self.value, self.expected = command, field, value, expected
        super().__init__(f"{command}.{field} = {value!r}: expected {expected}")


class CampaignError(UsageError):
    """A campaign of that name exists and is another one: other text, feed or settings."""


class LedgerError(SmppcastError):
    """The ledger cannot be read or written; what it said durable before stays durable."""


class LedgerBusy(LedgerError):
    """Another process holds the ledger for writing; the message names it."""


class LedgerVersion(LedgerError):
    """The ledger's schema is newer than this program, or cannot be brought forward."""


# --- the peer's ---------------------------------------------------------------------------


class ProtocolError(SmppcastError):
    """The peer sent what is no SMPP.

    Args:
        problem: what is wrong.
        command_status: the status that the specification wants in the answer.
    """

    def __init__(self, problem: str, *, command_status: int = 0x00000002) -> None:
        self.problem, self.command_status = problem, command_status
        super().__init__(problem)


class FramingError(ProtocolError):
    """command_length is impossible or beyond the cap: the stream is lost and must be closed."""


class DecodeError(ProtocolError):
    """One PDU is malformed; the stream goes on after it.

    `command_id` and `sequence_number` are those of the broken PDU, so that it can be answered.
    """

    def __init__(
        self,
        problem: str,
        *,
        command_status: int = 0x00000008,
        command_id: int = 0,
        sequence_number: int = 0,
    ) -> None:
        super().__init__(problem, command_status=command_status)
        self.command_id, self.sequence_number = command_id, sequence_number


class StatusError(SmppcastError):
    """The SMSC answered with a command_status other than ESME_ROK."""

    def __init__(self, command: str, command_status: int, name: str) -> None:
        self.command, self.command_status, self.name = command, command_status, name
        super().__init__(f"{command} refused: {name} (0x{command_status:08X})")


class BindRefused(StatusError):
    """The SMSC did not let us in."""


class SubmitRefused(StatusError):
    """The SMSC did not take the message, or not all of its segments.

    Args:
        statuses: the command_status of each segment, in order; `command_status` is the first refusal.
        message_ids: of each segment, "" for a refused one: those that have one were accepted.
    """

    def __init__(
        self,
        command: str,
        command_status: int,
        name: str,
        *,
        statuses: Sequence[int] = (),
        message_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(command, command_status, name)
        self.statuses, self.message_ids = tuple(statuses), tuple(message_ids)
        accepted = self.statuses.count(0)
        if accepted:
            self.args = (f"{self}; {accepted} of {len(self.statuses)} segments were accepted",)


# --- the link's ---------------------------------------------------------------------------


class LinkError(SmppcastError):
    """The TCP or TLS connection, or what did not come over it in time."""


class ConnectFailed(LinkError):
    """No connection could be made."""


class LinkLost(LinkError):
    """The connection ended; nothing of the request had left."""


class ResponseTimeout(LinkError):
    """A response did not come in time; the session goes on."""


class OutcomeUnknown(LinkError):
    """The bytes may have left and no answer came: accepted or not, nobody here knows.

    Sending again may double the message; not sending again may lose it.

    Args:
        problem: what happened.
        numbers: the destinations concerned, as they were given; not in the sentence.
        unsent: destinations taken from the caller of which nothing has left.
        message_ids: of the message's segments, "" where none came; those that have one were accepted.
    """

    def __init__(
        self,
        problem: str,
        *,
        numbers: Sequence[str] = (),
        unsent: Sequence[str] = (),
        message_ids: Sequence[str] = (),
    ) -> None:
        self.problem, self.numbers, self.unsent = problem, tuple(numbers), tuple(unsent)
        self.message_ids = tuple(message_ids)
        super().__init__(problem)
