"""What a simulated SMSC is like: its accounts, pace, habits and bad days, as data.

A scenario is validated whole when it is read and frozen afterwards; `changed` gives another one.
Shares are probabilities from 0 to 1. Latencies are milliseconds, other durations seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from smppcast.documents import checked, described
from smppcast.model import MessageState
from smppcast.smsc.scalars import (
    Duration,
    NotNegative,
    Number,
    Share,
    State,
    Status,
    Unquoted,
    Version,
    Word,
)

__all__ = [
    "Binds",
    "Capacity",
    "Faults",
    "IdStyle",
    "Latency",
    "Login",
    "MessageIds",
    "NumberRule",
    "Outcome",
    "Queue",
    "Rate",
    "Receipts",
    "Refusal",
    "Scenario",
    "Step",
    "Timers",
    "validated",
]

BindKind = Literal["transmitter", "receiver", "transceiver"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Rate(_Part):
    """A token bucket an account: `burst` tokens (default a tenth of a second's), refilled `per_s`."""

    per_s: Annotated[float, Field(gt=0)]
    burst: Annotated[float, Field(ge=1)] | None = None
    status: Status = 0x58


class Login(_Part):
    """One account that may bind.

    Args:
        password: empty lets any password in.
        max_binds, rate: of this account, where they are not those of all.
    """

    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    password: Annotated[str, Field(max_length=8)] = ""
    max_binds: Annotated[int, Field(ge=1)] | None = None
    rate: Rate | None = None


class Binds(_Part):
    """Who may bind, and when not.

    Args:
        max_per_account: binds an account may hold at once, then ESME_RALYBND; None for any number.
        max_total: binds of all accounts, then ESME_RBINDFAIL.
        linger_s: a bind whose link was lost still counts for so long: the SMSC has not noticed.
        kinds: others are refused ESME_RBINDFAIL.
        refuse_first: this many binds are refused before the first is let in.
        refuse_share: of all others.
        refuse_status: how they are refused; ESME_RBINDFAIL unless told.
    """

    max_per_account: Annotated[int, Field(ge=1)] | None = None
    max_total: Annotated[int, Field(ge=1)] | None = None
    linger_s: Annotated[float, Field(ge=0)] = 0.0
    kinds: frozenset[BindKind] = frozenset(("transmitter", "receiver", "transceiver"))
    refuse_first: Annotated[int, Field(ge=0)] = 0
    refuse_share: Share = 0.0
    refuse_status: Status = 0x0D


class Latency(_Part):
    """How long something takes, in ms: one of three distributions; none is at once.

    Args:
        fixed: always this.
        uniform: from, to.
        lognormal: median, and sigma of the logarithm (0.5 puts p99 at 3.2 medians).
    """

    fixed: NotNegative | None = None
    uniform: tuple[NotNegative, NotNegative] | None = None
    lognormal: tuple[NotNegative, NotNegative] | None = None

    @field_validator("uniform")
    @classmethod
    def _ordered(cls, uniform: tuple[float, float] | None) -> tuple[float, float] | None:
        if uniform and uniform[0] > uniform[1]:
            raise ValueError(f"expected the lower first, not {uniform[0]:g} and {uniform[1]:g}")
        return uniform

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name, value in self if value is not None]
        if len(given) > 1:
            raise ValueError(f"expected one of fixed, uniform and lognormal, not {' and '.join(given)}")
        return self


def _latency(value: object) -> object:
    if isinstance(value, int | float):
        return {"fixed": value}
    if isinstance(value, Mapping | Latency):
        return value
    raise ValueError("expected ms, or {uniform: [from, to]} or {lognormal: [median, sigma]}")


Ms = Annotated[Latency, BeforeValidator(_latency)]


class Outcome(_Part):
    """A final state that messages reach.

    Args:
        share: weight among the outcomes; they need not sum to 1.
        err: the error code as the operator writes it into the receipt's text, up to 3 characters
            by appendix B, and what vendors make of it.
        stat: how the receipt's text names the state, where it is not as in appendix B.
    """

    state: State = MessageState.DELIVERED
    share: Annotated[float, Field(ge=0)] = 1.0
    err: Annotated[Word, Field(max_length=16)] = "000"
    stat: Annotated[Word, Field(min_length=1, max_length=32)] | None = None


class Refusal(_Part):
    """A share of submits that is refused with `status`, whatever their number."""

    status: Status
    share: Share


class NumberRule(_Part):
    """Numbers with a fate of their own: a final state, or a refusal of their submit.

    Args:
        suffix: the last digits; or
        match: a regular expression, searched in the number.
        state: the final state, with `err`; or
        status: the command_status of the refusal.
    """

    suffix: str | None = None
    match: str | None = None
    state: State | None = None
    err: Annotated[Word, Field(max_length=16)] = "000"
    status: Status | None = None

    @field_validator("match")
    @classmethod
    def _expression(cls, match: str | None) -> str | None:
        try:
            re.compile(match or "")
        except re.error as error:
            raise ValueError(f"expected a regular expression: {error}") from None
        return match

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for one, other in (("suffix", "match"), ("state", "status")):
            lacks = [name for name in (one, other) if getattr(self, name) is None]
            if len(lacks) != 1:
                raise ValueError(f"expected either {one} or {other}, found {'neither' if lacks else 'both'}")
        return self

    @property
    def pattern(self) -> str:
        """The rule as a regular expression."""
        return self.match if self.match is not None else re.escape(self.suffix or "") + "$"


class Capacity(_Part):
    """What the whole SMSC can take, and whether it says how near that is.

    Args:
        per_s: submits of all accounts; more is refused with `status`.
        over_s: the time over which the load is measured, and whose worth of submits it takes at once.
        tell: who is told the load, as the TLV congestion_state on every response: clients that bind with
            SMPP 5.0, which brought it, everybody (3.3 knows no TLVs), or nobody.
    """

    per_s: Annotated[float, Field(gt=0)]
    over_s: Annotated[float, Field(gt=0)] = 1.0
    status: Status = 0x58
    tell: Annotated[Literal["5.0", "all", "nobody"], Unquoted] = "5.0"


class Queue(_Part):
    """How many accepted messages of an account may await their final state."""

    limit: Annotated[int, Field(ge=1)]
    status: Status = 0x14


class IdStyle(_Part):
    """How a message's number is written: `width` pads with zeros, 0 not at all."""

    style: Literal["decimal", "hex", "hex_upper", "uuid"] = "decimal"
    width: Annotated[int, Field(ge=0, le=64)] = 0


def _id_style(value: object) -> object:
    return {"style": value} if isinstance(value, str) else value


Style = Annotated[IdStyle, BeforeValidator(_id_style)]


class MessageIds(_Part):
    """Where message_ids come from, and how each place writes them.

    Args:
        source: a counter from `start`, or 16 random digits.
        wrap: the counter goes back to 0 there.
        response: the style in submit_sm_resp; `text` in the receipt's text, `tlv` in
            receipted_message_id; both as in the response unless told.
    """

    source: Literal["counter", "random16"] = "counter"
    start: Annotated[int, Field(ge=0)] = 1
    wrap: Annotated[int, Field(ge=1)] | None = None
    response: Style = IdStyle()
    text: Style | None = None
    tlv: Style | None = None


RECEIPT_TEXT = (
    "id:{id} sub:{sub} dlvrd:{dlvrd} submit date:{submit} done date:{done} stat:{stat} err:{err} text:"
)
"""SMPP 3.4 appendix B."""
_PLACES = re.compile(r"\{(\w*)\}|[{}]")
_PLACE_NAMES = frozenset(("id", "sub", "dlvrd", "submit", "done", "stat", "err"))


class Receipts(_Part):
    """How receipts look and what befalls them.

    Args:
        form: `text` as in appendix B, `tlv` (receipted_message_id, message_state), or both.
        text: the text, with {id} once, and {sub}, {dlvrd}, {submit}, {done}, {stat} and {err} as one likes.
        command: data_sm has the text in message_payload (not for clients of SMPP 3.3).
        dates: YYMMDDhhmm, the same with seconds, or with the century and seconds.
        utc_offset_min: of the dates in the text.
        early: share that overtakes its response.
        lost: share never sent; `repeated` sent twice; `orphan` followed by one for an id never given.
        other_bind: on another bind of the account where there is one.
        window: unanswered deliver_sm a bind; real SMSCs allow 1 to 1,000.
        owed_max: receipts kept for an account without a receiver, then the oldest are dropped;
            a million takes some 200 MB.
        retry_ms: after which one answered ESME_RX_T_APPN comes again.
    """

    form: Literal["text", "tlv", "both"] = "both"
    text: Annotated[str, Field(max_length=150, pattern=r"^[\x20-\x7e]*$")] = RECEIPT_TEXT
    command: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    dates: Literal["minutes", "seconds", "century"] = "minutes"
    utc_offset_min: Annotated[int, Field(ge=-900, le=900)] = 0
    early: Share = 0.0
    lost: Share = 0.0
    repeated: Share = 0.0
    orphan: Share = 0.0
    other_bind: bool = False
    window: Annotated[int, Field(ge=1)] = 1000
    owed_max: Annotated[int, Field(ge=1)] = 1_000_000
    retry_ms: Annotated[float, Field(ge=0)] = 1000.0

    @field_validator("text")
    @classmethod
    def _places(cls, text: str) -> str:
        names = [found[1] for found in _PLACES.finditer(text)]
        if names.count("id") != 1 or not set(names) <= _PLACE_NAMES:
            expected = ", ".join(f"{{{name}}}" for name in sorted(_PLACE_NAMES))
            raise ValueError(f"expected {{id}} once, and no braces but {expected}")
        return text

    @model_validator(mode="after")
    def _shares(self) -> Self:
        total = self.early + self.lost + self.repeated + self.orphan
        if total > 1:
            raise ValueError(
                f"expected early, lost, repeated and orphan as shares of one whole, not {total:g}"
            )
        return self


class Faults(_Part):
    """What goes wrong with links.

    Args:
        cut_after: a link is cut once it brought this many submits, those of its last read unanswered.
        cut_share: likewise, for each submit with this probability.
        cut_every_s: a link lives this long on average (exponential).
        cut_mid_pdu: whoever is cut gets the first octets of a PDU before the end.
        half_open_after: after this many submits the SMSC neither reads nor answers nor writes, and the link
            stays open for `half_open_s`.
        unbind_after: the SMSC unbinds after this many submits of a link.
        stall_after: after this many submits the SMSC stops reading the link for `stall_s`, once.
        read_bytes_per_s: how fast the SMSC reads each link.
        withhold: share of submits that are taken in, and delivered, and never answered.
        repeat: share of them that are answered twice; `stray` whose response is followed by one to a
            sequence_number that nobody used; `bodyless` accepted without a message_id; `garbage` whose
            response comes behind octets that are no SMPP.
    """

    cut_after: Annotated[int, Field(ge=1)] | None = None
    cut_share: Share = 0.0
    cut_every_s: Annotated[float, Field(gt=0)] | None = None
    cut_mid_pdu: bool = False
    half_open_after: Annotated[int, Field(ge=1)] | None = None
    half_open_s: Annotated[float, Field(ge=0)] = 60.0
    unbind_after: Annotated[int, Field(ge=1)] | None = None
    stall_after: Annotated[int, Field(ge=1)] | None = None
    stall_s: Annotated[float, Field(ge=0)] = 1.0
    read_bytes_per_s: Annotated[float, Field(gt=0)] | None = None
    withhold: Share = 0.0
    repeat: Share = 0.0
    stray: Share = 0.0
    bodyless: Share = 0.0
    garbage: Share = 0.0

    @property
    def responses(self) -> tuple[float, ...]:
        """Shares of responses that are odd, in the order of habits' kinds."""
        return self.withhold, self.repeat, self.stray, self.bodyless, self.garbage

    @model_validator(mode="after")
    def _shares(self) -> Self:
        total = sum(self.responses)
        if total > 1:
            names = "withhold, repeat, stray, bodyless and garbage"
            raise ValueError(f"expected {names} as shares of one whole, not {total:g}")
        return self


class Timers(_Part):
    """The SMSC's timers (SMPP 5.0 section 2.7), of links that come after they are set; None is never.

    Args:
        session_init_s: a link that is not bound by then is dropped.
        enquire_link_s: after so long without a word the SMSC asks whether the client is there.
        response_s: a client that has not answered enquire_link or unbind by then is dropped.
        inactivity_s: after so long without a message the SMSC unbinds.
    """

    session_init_s: Annotated[float, Field(gt=0)] | None = None
    enquire_link_s: Annotated[float, Field(gt=0)] | None = None
    response_s: Annotated[float, Field(gt=0)] = 60.0
    inactivity_s: Annotated[float, Field(gt=0)] | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to wait for."""
        return any((self.session_init_s, self.enquire_link_s, self.inactivity_s))


class Step(_Part):
    """What happens at some time after the start: a change of the scenario, or something to its links.

    Args:
        at: after the start, or after the schedule was changed; `every` so often from then on.
        change: parts of the scenario, as `Scenario.changed` takes them.
        do: cut drops every link, unbind unbinds them.
    """

    at: Duration
    every: Annotated[Duration, Field(gt=0)] | None = None
    change: dict[str, Any] = {}
    do: Literal["cut", "unbind"] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.change and self.do is None:
            raise ValueError("expected change, do or both")
        if "schedule" in self.change:
            raise ValueError("expected a change of other parts: a schedule does not change itself")
        return self


class Scenario(_Part):
    """All of it; every part has the default of an SMSC without faults or limits.

    Args:
        seed: of all draws: the same submits in the same order get the same ids, refusals and
            outcomes, however TCP cut them.
        interface_version: what it speaks: 3.3, 3.4 or 5.0, or the octet of PDUs, 0x33 to 0x50. A session
            goes by the older of both sides' versions; below 0x34 (SMPP 3.3) it has no transceivers, no TLVs,
            and message_ids of at most 8 hexadecimal digits.
        accounts: empty lets anybody in.
        numbers: the first rule that matches holds.
        distribution_lists: numbers by the dl_name that submit_multi may call them.
        alert_latency: from the failure of a message that asked for it (set_dpf) to the alert_notification
            that its destination can be reached again.
        schedule: what changes while it runs.
        remember: messages of which the account keeps the destination (some 25 octets each)
            and query_sm knows; older ones stay in the totals only.
        busy_poll: whether it stays awake for 2 ms after what it wrote, when the next submit may be
            there: a client with a small window is then answered in half the time, and a core is busy.
    """

    name: str = "ideal"
    description: str = ""
    seed: int = 1
    system_id: Annotated[str, Field(max_length=15)] = "smppcast"
    interface_version: Version = 0x50
    accounts: tuple[Login, ...] = ()
    binds: Binds = Binds()
    response_latency: Ms = Latency()
    receipt_latency: Ms = Latency()
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1, max_length=200)] = (Outcome(),)
    numbers: Annotated[tuple[NumberRule, ...], Field(max_length=50)] = ()
    refusals: Annotated[tuple[Refusal, ...], Field(max_length=50)] = ()
    distribution_lists: dict[
        Annotated[str, Field(min_length=1, max_length=20)], Annotated[tuple[Number, ...], Field(min_length=1)]
    ] = {}
    alert_latency: Ms = Latency(fixed=1000)
    rate: Rate | None = None
    queue: Queue | None = None
    capacity: Capacity | None = None
    message_ids: MessageIds = MessageIds()
    receipts: Receipts = Receipts()
    faults: Faults = Faults()
    timers: Timers = Timers()
    schedule: Annotated[tuple[Step, ...], Field(max_length=1000)] = ()
    remember: Annotated[int, Field(ge=1)] = 20_000_000
    busy_poll: bool = False

    @field_validator("outcomes")
    @classmethod
    def _some_outcome(cls, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        if not any(outcome.share for outcome in outcomes):
            raise ValueError("expected a share above 0 of one at least")
        return outcomes

    @field_validator("refusals")
    @classmethod
    def _one_whole(cls, refusals: tuple[Refusal, ...]) -> tuple[Refusal, ...]:
        total = sum(refusal.share for refusal in refusals)
        if total > 1:
            raise ValueError(f"expected shares of one whole, not {total:g}")
        return refusals

    @model_validator(mode="after")
    def _accounts(self) -> Self:
        first: dict[str, int] = {}
        for at, login in enumerate(self.accounts):
            if first.setdefault(login.system_id, at) != at:
                problem = ValueError(f"accounts.{first[login.system_id]} has it too")
                path = ("accounts", at, "system_id")
                raise _at(
                    [InitErrorDetails(type="value_error", loc=path, input=None, ctx={"error": problem})]
                )
        return self

    @model_validator(mode="after")
    def _steps(self) -> Self:
        """Each step must give a scenario, in their order: told now, not when the step is due."""
        now: Scenario = self
        found: list[InitErrorDetails] = []
        for at, step in sorted(enumerate(self.schedule), key=lambda numbered: numbered[1].at):
            try:
                now = Scenario.model_validate(_merged(now, step.change) | {"schedule": ()})
            except ValidationError as error:
                found += (
                    InitErrorDetails(
                        type=detail["type"],
                        loc=("schedule", at, "change", *detail["loc"]),
                        input=detail["input"],
                        ctx=detail.get("ctx", {}),
                    )
                    for detail in error.errors()
                )
        if found:
            raise _at(found)
        return self

    def stepped(self, step: Step) -> Scenario:
        """The scenario after a step of its schedule.

        Raises:
            ConfigError: with what was changed by hand since, it is none.
        """
        after = validated(_merged(self, step.change) | {"schedule": ()})
        return after.model_copy(update={"schedule": self.schedule})

    def changed(self, **changes: Any) -> Scenario:
        """Another scenario with these parts changed; mappings change a part's named fields only.

        A latency, a list and what stands in one are replaced whole.

        Raises:
            ConfigError: as `load_scenario`.
        """
        return validated(_merged(self, changes))


def _merged(part: _Part, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `part` with the changes, yet to be validated."""
    merged: dict[str, Any] = dict(part)
    for key, change in changes.items():
        old = merged.get(key)
        if isinstance(old, Latency) or not isinstance(change, Mapping):
            merged[key] = change  # a latency's fields exclude each other
        elif isinstance(old, _Part):
            merged[key] = _merged(old, change)
        else:
            merged[key] = {**old, **change} if isinstance(old, Mapping) else change
    return merged


def _at(found: list[InitErrorDetails]) -> ValidationError:
    """What a validator of the whole finds deep inside."""
    return ValidationError.from_exception_data("Scenario", found)


def validated(content: object) -> Scenario:
    """The scenario that data from Python or JSON means.

    Raises:
        ConfigError: it means none; all its faults are told.
    """
    return checked(Scenario, described(content))
