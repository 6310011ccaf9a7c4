"""What the daemon tells programs of ours (webhooks), and what it answers to subscribers (keywords)."""

from __future__ import annotations

import base64
import binascii
import ssl
from ipaddress import ip_address
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from smppcast.operators.scalars import ExistingFile, Seconds, SettingsModel

__all__ = ["LANGUAGES", "Answers", "KeywordSettings", "Language", "Stream", "WebhookSettings"]

Stream = Literal["receipts", "inbound", "campaigns"]
Language = Literal["de", "en", "es", "fr", "it", "nl", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

# As many as the specification of Standard Webhooks wants at least.
SECRET_OCTETS = 24
_ENCODED = "whsec_"


class WebhookSettings(SettingsModel):
    """A program that is told what happens: events are posted to it until it takes them."""

    url: str = Field(repr=False)
    """Where events are posted: https, or http on this machine; its query is shown nowhere."""
    secret: SecretStr
    """Signs each request (Standard Webhooks): a text of at least 24 octets, or whsec_ and base64 of them."""
    secret_file: str | None = None
    """File that holds the secret, relative to this one; a line end behind it does not count."""
    events: Annotated[frozenset[Stream], Field(min_length=1)] = frozenset(get_args(Stream))
    """Which events: receipts, inbound (messages of users), campaigns (what became of them)."""
    batch: int = Field(default=500, ge=1, le=5_000)
    """Events of one request at most."""
    linger: Seconds = Field(default=1.0, gt=0)
    """Longest wait for more events before a request that is not full."""
    timeout: Seconds = Field(default=10.0, gt=0)
    """Longest wait for the answer to a request."""
    keep: Seconds = Field(default=259_200.0, gt=0)
    """Age at which events that were not taken are dropped."""
    ca: ExistingFile | None = None
    """PEM file of the authorities to trust instead of the system's."""
    insecure: bool = False
    """Allow plain http beyond this machine: numbers go in the clear."""

    @property
    def key(self) -> bytes:
        """The octets that sign."""
        return _key(self.secret.get_secret_value())

    @property
    def shown(self) -> str:
        """The url, as people may see it: a path may hold a secret as well as a query does."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if (found := len(_key(secret.get_secret_value()))) < SECRET_OCTETS:
            raise ValueError(f"expected a secret of at least {SECRET_OCTETS} octets, not {found}")
        return secret

    @field_validator("ca")
    @classmethod
    def _authorities(cls, ca: ExistingFile | None) -> ExistingFile | None:
        try:
            ssl.create_default_context(cafile=ca)
        except (OSError, ValueError):
            raise ValueError("expected a PEM file of certificates") from None
        return ca

    @model_validator(mode="after")
    def _private(self) -> Self:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
            raise ValueError("expected a url of https://HOST/PATH, without a user in it")
        if parts.scheme == "http" and not self.insecure and not _is_loopback(host):
            raise ValueError(
                "expected a url of https, or insecure: true: numbers and texts would go in the clear"
            )
        return self


def _key(secret: str) -> bytes:
    """What a secret stands for; its base64 may lack the padding."""
    if not secret.startswith(_ENCODED):
        return secret.encode()
    encoded = secret.removeprefix(_ENCODED)
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64 behind whsec_") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_Word = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"\w")]
_Answer = Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None


class Answers(SettingsModel):
    """What is answered to a keyword; none: nothing."""

    stop: _Answer = None
    """To whoever gets no message from now on."""
    start: _Answer = None
    """To whoever gets messages again."""
    help: _Answer = None
    """To whoever asks what this is."""


class KeywordSettings(SettingsModel):
    """Words that subscribers send us, to get no more messages or to get them again."""

    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    """Languages whose usual words count."""
    stop: tuple[_Word, ...] = ()
    """Further words to get no more messages."""
    start: tuple[_Word, ...] = ()
    """Further words to get messages again."""
    help: tuple[_Word, ...] = ()
    """Further words to ask what this is."""
    list: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,99}$")] = "opt-out"
    """The suppression list that keeps who asked for no more."""
    answers: Answers = Answers()
    """What is answered."""
