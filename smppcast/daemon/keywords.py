"""What subscribers write to get no more messages, to get them again, or to ask what this is.

A message is a keyword when all of its letters and digits are one, whatever stands between them: "Stop!",
"S T O P" and "désabonner." are. A message of at most three words that begins with a word that says nothing
else (`FIRM`: STOP, UNSUBSCRIBE, ...) is one too: "stop sms", "STOP please thanks". "Cancel my order" and "End
of story" are not: whoever asks for no more by mistake can ask again, but those are no requests. Stop goes
before start, and start before help.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from smppcast.config.hooks import KeywordSettings, Language

__all__ = ["FIRM", "WORDS", "Keyword", "Keywords", "spelled"]

# A message with more words is a sentence.
WORDS_MOST = 3
# Longer ones are no keyword; an SMS of many segments need not be looked at whole.
TEXT_MOST = 160


class Keyword(StrEnum):
    """What a subscriber wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"


WORDS: Mapping[Language, Mapping[Keyword, str]] = MappingProxyType(
    {
        "de": {
            Keyword.STOP: "stop stopp abmelden abbestellen austragen kuendigen kündigen ende",
            Keyword.START: "start anmelden weiter",
            Keyword.HELP: "hilfe help info",
        },
        "en": {
            Keyword.STOP: "stop stopall unsubscribe cancel end quit optout revoke",
            Keyword.START: "start unstop subscribe optin",
            Keyword.HELP: "help info",
        },
        "es": {
            Keyword.STOP: "stop alto baja parar cancelar detener desuscribir",
            Keyword.START: "start alta iniciar suscribir",
            Keyword.HELP: "ayuda help info",
        },
        "fr": {
            Keyword.STOP: "stop arret arreter desabonner desabonnement desinscrire desinscription",
            Keyword.START: "start reprendre reabonner reabonnement",
            Keyword.HELP: "aide help info",
        },
        "it": {
            Keyword.STOP: "stop basta cancella cancellami annulla disiscrivi disiscrivimi ferma",
            Keyword.START: "start iscrivi iscrivimi riprendi attiva",
            Keyword.HELP: "aiuto help info",
        },
        "nl": {
            Keyword.STOP: "stop stoppen afmelden uitschrijven opzeggen einde",
            Keyword.START: "start aanmelden inschrijven",
            Keyword.HELP: "hulp help info",
        },
        "pt": {
            Keyword.STOP: "stop parar pare sair cancelar remover",
            Keyword.START: "start iniciar voltar",
            Keyword.HELP: "ajuda help info",
        },
    }
)
"""The usual words of each language."""

FIRM = frozenset(
    (
        *("stop", "stopall", "stopp", "unsubscribe", "optout", "abmelden", "abbestellen", "baja"),
        *("arret", "desabonner", "desabonnement", "desinscrire", "desinscription", "disiscrivi"),
        *("disiscrivimi", "cancellami", "afmelden", "uitschrijven"),
    )
)
"""Those that a request begins with, and hardly anything else does."""


def spelled(text: str) -> list[str]:
    """Its words, of letters and digits alone: case folded and without accents."""
    plain = _bare(_bare(text).casefold())
    return "".join(char if char.isalnum() else " " for char in plain).split()


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


class Keywords:
    """Knows the words that a configuration names."""

    def __init__(self, settings: KeywordSettings) -> None:
        further: dict[Keyword, Collection[str]] = {
            Keyword.STOP: settings.stop,
            Keyword.START: settings.start,
            Keyword.HELP: settings.help,
        }
        self._words = {
            keyword: frozenset(
                "".join(spelled(word))
                for word in (*own, *(w for each in settings.languages for w in WORDS[each][keyword].split()))
            )
            for keyword, own in further.items()
        }

    def find(self, text: str) -> Keyword | None:
        """What a message asks for, None for anything else."""
        if len(text) > TEXT_MOST:
            return None
        words = spelled(text)
        joined = "".join(words)
        if not joined:
            return None
        for keyword, known in self._words.items():
            if joined in known:
                return keyword
        stops = self._words[Keyword.STOP] & FIRM
        return Keyword.STOP if len(words) <= WORDS_MOST and words[0] in stops else None
