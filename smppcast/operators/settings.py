"""What an operator's account is told about: where, as whom, how fast, and in which dialect.

The settings of one lane, checked as they are made. A configuration file is read into them; who
embeds smppcast makes them directly. pydantic raises ValidationError for what does not fit, and
shows no input in it: a url may hold a password.
"""

from __future__ import annotations

import math
import re
from datetime import tzinfo
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Discriminator, Field, SecretStr, Tag, field_validator, model_validator

from smppcast.net.dialling import Address, Tls
from smppcast.operators.scalars import (
    Also,
    ExistingFile,
    NpiSetting,
    Priority,
    Rate,
    Registered,
    Seconds,
    SettingsModel,
    Share,
    Status,
    TonSetting,
    Version,
    Zone,
    time_zone,
)
from smppcast.receipts.message_ids import MessageIdMapping
from smppcast.smpp.versions import speaks_3_3
from smppcast.smpp.vocabulary import InterfaceVersion, Npi, RegisteredDelivery, Ton
from smppcast.text.codings import DefaultAlphabet
from smppcast.text.segments import LongMessages

__all__ = [
    "AddressRange",
    "AutoRate",
    "AutoWindow",
    "Binds",
    "Kind",
    "OperatorSettings",
    "Quota",
    "RateSetting",
    "Reroute",
    "Retry",
    "SourceAddress",
    "Timers",
    "TlsSettings",
    "WindowSetting",
]


class Binds(SettingsModel):
    """How many sessions are bound, of each kind. A number alone means transceivers."""

    transmitter: int = Field(default=0, ge=0, le=1_000)
    """Sessions that submit and get no receipts."""
    receiver: int = Field(default=0, ge=0, le=1_000)
    """Sessions that take in receipts and inbound messages, and submit nothing."""
    transceiver: int = Field(default=0, ge=0, le=1_000)
    """Sessions that do both."""

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: object) -> object:
        if isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit()):
            return {"transceiver": value}
        return value

    @model_validator(mode="after")
    def _can_submit(self) -> Self:
        if not self.transmitter + self.transceiver:
            raise ValueError("expected at least one transceiver or transmitter")
        return self

    @property
    def total(self) -> int:
        return self.transmitter + self.receiver + self.transceiver


class SourceAddress(SettingsModel):
    """The sender that a subscriber sees: source_addr with its TON and NPI."""

    addr: str = Field(default="", max_length=20)
    """A number, a short code, or a name of at most 11 characters with `ton: alphanumeric`."""
    ton: TonSetting = Ton.UNKNOWN
    """Type of number, by its name in the specification or as a number."""
    npi: NpiSetting = Npi.UNKNOWN
    """Numbering plan, likewise."""

    @model_validator(mode="after")
    def _fits_its_ton(self) -> Self:
        if self.ton == Ton.ALPHANUMERIC and not 1 <= len(self.addr) <= 11:
            raise ValueError("expected an addr of 1 to 11 characters with ton alphanumeric (GSM 03.40)")
        return self


class Kind(SettingsModel):
    """TON and NPI of destinations."""

    ton: TonSetting = Ton.INTERNATIONAL
    """Type of number; feeds are normalised to international numbers."""
    npi: NpiSetting = Npi.ISDN
    """Numbering plan: ISDN is E.164, the telephone's."""


class AddressRange(SettingsModel):
    """Which addresses a bind receives for (SMPP 5.0 section 4.7.3); most SMSCs ignore it."""

    ton: TonSetting = Ton.UNKNOWN
    """Type of number."""
    npi: NpiSetting = Npi.UNKNOWN
    """Numbering plan."""
    range: str = Field(default="", max_length=40)
    """A UNIX regular expression, or the address itself."""


class Timers(SettingsModel):
    """How long each silence is borne, in seconds."""

    bind: Seconds = 30.0
    """From dialling to the answer of the bind: SMSCs that authenticate elsewhere take seconds."""
    enquire_link: Seconds = 30.0
    """Quiet time before the link is asked whether it lives: firewalls forget one within minutes."""
    enquire_link_response: Seconds | None = None
    """From our enquire_link to its answer, before the link is given up; none: as `response`."""
    response: Seconds = 60.0
    """From a submit_sm to its answer; one later is too late, its message unknown till then."""
    inactivity: Seconds = 0.0
    """Time without any message before we unbind; 0 for never, since receipts come days later."""
    unbind: Seconds = 5.0
    """From our unbind to its answer; then the link is closed without it."""

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if not (self.bind and self.enquire_link and self.response) or self.enquire_link_response == 0:
            raise ValueError("expected them above 0; only inactivity and unbind may be 0")
        return self


class TlsSettings(SettingsModel):
    """How the SMSC of an smpps:// url is verified, and we to it."""

    verify: bool = True
    """Whether the certificate must be a trusted one; false only for an SMSC of one's own."""
    ca: ExistingFile | None = None
    """PEM file of the authorities to trust instead of the system's."""
    cert: ExistingFile | None = None
    """PEM file with our own certificate, where the SMSC asks for one."""
    key: ExistingFile | None = None
    """PEM file with its key, where it is not in the same file."""
    server_name: str | None = None
    """The name in the SMSC's certificate, where it is not the host's."""
    minimum_version: Annotated[Literal["1.2", "1.3"], Also({"enum": [1.2, 1.3]})] = "1.2"
    """Oldest TLS to speak; below 1.2 all are broken."""

    @model_validator(mode="after")
    def _key_has_cert(self) -> Self:
        if self.key and not self.cert:
            raise ValueError("expected cert beside key")
        return self


class Retry(SettingsModel):
    """What becomes of a message that the SMSC refused for a passing reason (not for a throttle)."""

    attempts: int = Field(default=3, ge=1, le=100)
    """Attempts in all; 1 never tries again."""
    backoff: Seconds = 30.0
    """Wait before the second attempt, doubled before each further one."""


class Reroute(SettingsModel):
    """Numbers move between operators, and prefixes lie: who refuses one as another network's says so."""

    statuses: tuple[Status, ...] = Field(min_length=1)
    """The command_status values that mean it, by name or number: each SMSC has its own."""
    to: str
    """The operator, or the route, that is tried instead, once for each recipient."""


class Quota(SettingsModel):
    """How much an account may send a day. A number alone counts days in UTC."""

    per_day: int = Field(ge=1)
    """submit_sm PDUs over all binds between one midnight and the next, refused and resent ones included."""
    zone: Zone = "UTC"
    """Whose midnight: a zone such as Europe/Paris, or an offset such as +02:00."""

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: object) -> object:
        return {"per_day": value} if isinstance(value, int | str) else value


_Window = Annotated[int, Field(ge=1, le=100_000)]


class AutoWindow(SettingsModel):
    """A window that is sized by Little's law: more would only mean more unknown outcomes after a drop."""

    ceiling: _Window = 1_000
    """The most that the SMSC allows on one bind."""


class AutoRate(SettingsModel):
    """A rate that is found: it grows until the SMSC throttles, warns or slows down, and stays just under."""

    floor: Rate = 1.0
    """Never below it, whatever the SMSC says."""
    ceiling: Rate | None = None
    """Never above it: what the contract allows."""

    @model_validator(mode="after")
    def _floor_under_ceiling(self) -> Self:
        if self.ceiling is not None and self.ceiling < self.floor:
            raise ValueError("expected floor below ceiling")
        return self


WindowSetting = Annotated[
    Annotated[_Window, Tag("<number>")] | Annotated[AutoWindow, Tag("<auto>")],
    Discriminator(lambda value: "<auto>" if isinstance(value, dict | AutoWindow) else "<number>"),
    Also({"const": "auto"}),
]

RateSetting = Annotated[
    Annotated[Rate | None, Tag("<number>")] | Annotated[AutoRate, Tag("<auto>")],
    Discriminator(lambda value: "<auto>" if isinstance(value, dict | AutoRate) else "<number>"),
    Also({"enum": ["none", "auto"]}),
]


class OperatorSettings(SettingsModel):
    """An account at an SMSC: one lane with all its binds."""

    url: str
    """smpp://SYSTEM_ID@HOST:PORT, or smpps:// for TLS; ports 2775 and 3550 where none is given.
    SYSTEM_ID:PASSWORD@ also serves; what is not a letter or digit in them is %-encoded."""
    hosts: tuple[str, ...] = ()
    """Further hosts of the same account, HOST or HOST:PORT, in whose turn it is where one does not answer."""
    spread: bool = False
    """Whether binds are spread over all hosts; else the others stand by for the first."""
    password: SecretStr = SecretStr("")
    """The account's password; never shown."""
    binds: Annotated[Binds, Also({"type": "integer", "minimum": 1})] = Binds(transceiver=1)
    """How many sessions: a number of transceivers, or a number for each kind."""
    window: WindowSetting = 10
    """Most submit_sm awaiting their answer on one bind; SMPP 3.4 suggests 10. auto, or {ceiling: 100}: as few
    as sustain the rate at the latency that there is."""
    rate: RateSetting = None
    """submit_sm a second over all binds; none: as fast as it goes; {floor: 50, ceiling: 2000}: what the SMSC
    is found to bear between these; auto: the same without bounds, for loopback addresses only."""
    quota: Annotated[Quota | None, Also({"type": "integer", "minimum": 1})] = None
    """submit_sm a day over all binds, or {per_day: 2_000_000, zone: Europe/Paris}; used up, the operator
    waits for midnight; none: no limit."""
    shares: dict[Priority, Share] = Field(default_factory=dict)
    """The part of what is sent that is reserved for a campaign's priority class while it has something to
    send, such as {20: 0.1}; else a class with a lower number goes before all others."""
    source: SourceAddress = SourceAddress()
    """The sender of messages that name none."""
    prefixes: tuple[Annotated[str, Also({"type": "integer"})], ...] = ()
    """Leading digits of the numbers that go to this operator where the feed names none."""
    route: str | None = None
    """The name under which several accounts serve the same numbers, by weight; none: its own name."""
    weight: int = Field(default=1, ge=1, le=1_000)
    """Its share of a route's numbers."""
    standby: bool = False
    """Whether it serves its route only while all others of it are down."""
    failover: Seconds = 30.0
    """How long no bind of it may be up before others of its route take over what it has not sent."""
    reroute: Reroute | None = None
    """Where numbers go that this operator does not serve any more; none: they are rejected."""
    retry: Retry = Retry()
    """Further attempts."""

    interface_version: Version = InterfaceVersion.V3_4
    """The SMPP version to speak; 3.3 has transmitters and receivers only, and long texts by udh8 or udh16."""
    system_type: str = Field(default="", max_length=12)
    """system_type of the bind, where the SMSC wants one."""
    service_type: str = Field(default="", max_length=5)
    """service_type of each submit_sm, where the SMSC wants one."""
    address_range: AddressRange = AddressRange()
    """address_range of the bind."""
    dest: Kind = Kind()
    """TON and NPI of the subscribers' addresses."""
    protocol_id: int = Field(default=0, ge=0, le=255)
    """protocol_id of each submit_sm (GSM 03.40 TP-PID)."""
    default_alphabet: DefaultAlphabet = "gsm"
    """What data_coding 0 means to the SMSC."""
    long_messages: LongMessages = "udh8"
    """How the segments of a long text are told to belong together."""
    registered_delivery: Registered = RegisteredDelivery.FINAL
    """Which receipts are asked for: none, final, failure, success, or the octet as a number."""
    user_message_reference: bool = False
    """Send one with each submit_sm, where the SMSC echoes it in receipts: those of unanswered messages
    are then told apart for certain."""
    validity_period: Seconds | None = None
    """How long the SMSC tries to deliver; none: as long as it likes."""
    validity_format: Literal["relative", "absolute"] = "relative"
    """How that is spelled: some SMSCs know one format only."""
    message_ids: MessageIdMapping = MessageIdMapping.AUTO
    """How receipts spell the message_id of responses; auto finds out from what matches."""
    receipt_time_zone: Zone = "UTC"
    """Where the clock in receipts stands: a zone such as Europe/Paris, or an offset such as +02:00."""
    timers: Timers = Timers()
    """How long each silence is borne."""
    tls: TlsSettings = TlsSettings()
    """How the SMSC of an smpps:// url is verified."""

    @model_validator(mode="before")
    @classmethod
    def _password_from_url(cls, value: object) -> object:
        """The url keeps no password, so that it can be shown; what is no good url is left to fail."""
        if not isinstance(value, dict) or not isinstance(url := value.get("url"), str):
            return value
        found = _split(url)
        if found is None or found.password is None:
            return value
        if value.get("password"):
            raise ValueError("expected the password in one place: in url, in password or in a file")
        public = url.replace(f":{found.password}@", "@", 1)
        return {**value, "url": public, "password": unquote(found.password)}

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        found = _split(url)
        if found is None or found.scheme not in _PORTS or not found.hostname or not found.username:
            raise ValueError("expected smpp://SYSTEM_ID@HOST:PORT, or smpps://")
        if found.path.strip("/") or found.query or found.fragment:
            raise ValueError("expected nothing behind the port")
        if len(unquote(found.username)) > 15:
            raise ValueError("expected a system_id of at most 15 characters (SMPP 3.4, 5.2.1)")
        return url

    @field_validator("password")
    @classmethod
    def _password(cls, password: SecretStr) -> SecretStr:
        if len(password) > 8:
            raise ValueError(f"expected at most 8 characters (SMPP 3.4, 5.2.2), not {len(password)}")
        return password

    @field_validator("rate", mode="before")
    @classmethod
    def _rate(cls, value: object) -> object:
        return None if value == "none" else AutoRate() if value == "auto" else value

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            found = _split(f"//{host}")
            if found is None or not found.hostname or found.username or found.path or found.query:
                raise ValueError("expected HOST or HOST:PORT")
        return hosts

    @field_validator("window", mode="before")
    @classmethod
    def _window(cls, value: object) -> object:
        return AutoWindow() if value == "auto" else value

    @field_validator("prefixes")
    @classmethod
    def _prefixes(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        bare = tuple(prefix.strip().removeprefix("+") for prefix in prefixes)
        for prefix in bare:
            if not re.fullmatch(r"(?:[1-9][0-9]{0,14})?", prefix):
                raise ValueError("expected 1 to 15 digits of an international number, without 00")
        return bare

    @field_validator("shares")
    @classmethod
    def _shares(cls, shares: dict[int, float]) -> dict[int, float]:
        if math.fsum(shares.values()) > 1 + 1e-9:
            raise ValueError("expected no more than 1 together")
        return shares

    @model_validator(mode="after")
    def _tls_has_smpps(self) -> Self:
        if "tls" in self.model_fields_set and not self.url.startswith("smpps:"):
            raise ValueError("expected smpps:// in url, or no tls")
        return self

    @model_validator(mode="after")
    def _fits_its_version(self) -> Self:
        if speaks_3_3(self.interface_version):
            if self.binds.transceiver:
                raise ValueError("expected transmitters and receivers in binds: SMPP 3.3 has no transceivers")
            if self.long_messages in ("sar", "payload"):
                raise ValueError("expected udh8 or udh16 in long_messages: SMPP 3.3 has no TLVs")
            if self.user_message_reference:
                raise ValueError("expected no user_message_reference: SMPP 3.3 has no TLVs")
        return self

    @model_validator(mode="after")
    def _auto_has_a_ceiling(self) -> Self:
        """Whoever exceeds a contract while looking for the limit gets the account suspended."""
        auto = isinstance(self.rate, AutoRate) and self.rate.ceiling is None
        if auto and not all(_is_loopback(address.host) for address in self.addresses):
            raise ValueError("expected {ceiling: RATE} in rate: auto alone is for loopback addresses")
        return self

    @property
    def system_id(self) -> str:
        return unquote(urlsplit(self.url).username or "")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to dial, the url's own first."""
        first = self.address
        others = (urlsplit(f"//{host}") for host in self.hosts)
        return (first, *(Address(each.hostname or "", each.port or first.port, first.tls) for each in others))

    @property
    def address(self) -> Address:
        """The url's."""
        found = urlsplit(self.url)
        tls = self.tls
        dialled = Tls(
            verify=tls.verify,
            ca=str(tls.ca) if tls.ca else None,
            certificate=str(tls.cert) if tls.cert else None,
            key=str(tls.key) if tls.key else None,
            server_name=tls.server_name,
            minimum_version=tls.minimum_version,
        )
        port = found.port or _PORTS[found.scheme]
        return Address(found.hostname or "", port, dialled if found.scheme == "smpps" else None)

    @property
    def time_zone(self) -> tzinfo:
        """Where the clock in receipts stands."""
        return time_zone(self.receipt_time_zone)


_PORTS = {"smpp": 2775, "smpps": 3550}  # as registered with IANA; 3550 is its secure twin


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult | None:
    try:
        found = urlsplit(url)
        _ = found.port  # out of range only when it is looked at
    except ValueError:
        return None
    return found
