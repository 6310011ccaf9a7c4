"""Why a row of a feed gets no message: the keys of the account's `invalid_reasons`, and `suppressed`."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """One word a fault; the rejects file and the account show it as it stands here."""

    NO_NUMBER = "no_number"  # the number's column is empty
    NOT_A_NUMBER = "not_a_number"  # letters, or marks that no number is written with
    TOO_SHORT = "too_short"  # fewer than 7 digits
    TOO_LONG = "too_long"  # more than the 15 digits of E.164
    NATIONAL_FORMAT = "national_format"  # a leading 0, and no `country` that would explain it
    AMBIGUOUS = "ambiguous"  # valid within the country, and valid abroad as another number
    WRONG_COLUMN_COUNT = "wrong_column_count"
    BAD_ENCODING = "bad_encoding"  # not UTF-8
    BROKEN_ROW = "broken_row"  # quotes or JSON that do not parse
    ROW_TOO_LONG = "row_too_long"
    MISSING_COLUMN = "missing_column"  # the text needs a column that the row lacks
    UNKNOWN_OPERATOR = "unknown_operator"  # the row names an operator that is not configured
    UNROUTABLE = "unroutable"  # the row names none, and no operator's prefix fits
    UNTEXTABLE = "untextable"  # no segments can carry the text with this row's cells in it
    SUPPRESSED = "suppressed"  # left out on purpose: counted by itself, not as invalid
