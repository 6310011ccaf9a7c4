"""Texts that every peer has to carry, and what they try."""

from __future__ import annotations

SHORT = "Restez chez vous"
# Of the GSM alphabet: beyond ASCII, NUL's place (@), and the extension table ({} [] € ~).
ACCENTED = "Déjà là à 7h @ {gare} [nord] ~5 € £3_ÄÖÜ"
# UCS-2, with a character that takes a surrogate pair.
CYRILLIC = "Оставайтесь дома 🌲"
# Two segments of the GSM alphabet; the escaped characters stand where a careless cut falls.
LONG = ("Écoutez la radio. " * 9)[:151] + "{€}[~]" * 4 + " Fin"
# Three of UCS-2, likewise with surrogate pairs.
LONG_UCS2 = "Êtes-vous à l'abri ? " + "🌲🌊" * 40
