"""Numbers as lists write them: what is certain is taken, what is not is refused with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.feed import Reason, normalise
from smppcast.feed.msisdn import _at_once


def read(text: str, country: str | None = None) -> int | Reason:
    numbers, bad = normalise([text], country)
    return bad.get(0) or numbers[0]


@pytest.mark.parametrize(
    "text",
    [
        "33612345678",
        "+33612345678",
        "0033612345678",
        " 33612345678 ",
        "+33 6 12 34 56 78",
        "33.6.12.34.56.78",
        "+33-6-12-34-56-78",
        "+33 (6) 12345678",
        "+33 (0)6 12 34 56 78",
        "0033(0)612345678",
        "+33\u00a06\u202f12\u2009345678",
        "\u200e+33612345678\u202c",
        "\ufeff33612345678",
        "+33\u20116\u201312345678",
        "'+33612345678",
        "33612345678.0",
    ],
)
def test_one_number_in_many_spellings(text: str) -> None:
    assert read(text) == 33612345678


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NO_NUMBER),
        (" \u200b", Reason.NO_NUMBER),
        ("n/a", Reason.NOT_A_NUMBER),
        ("3361234567B", Reason.NOT_A_NUMBER),
        ("3.3612345678E+10", Reason.NOT_A_NUMBER),
        ("-33612345678", Reason.NOT_A_NUMBER),
        ("33+612345678", Reason.NOT_A_NUMBER),
        ("+", Reason.NOT_A_NUMBER),
        ("33612345678/33687654321", Reason.NOT_A_NUMBER),
        ("33612345678\n33612345679", Reason.NOT_A_NUMBER),
        ("٣٣٦١٢٣٤٥٦٧٨", Reason.NOT_A_NUMBER),
        ("33_612345678", Reason.NOT_A_NUMBER),
        ("123456", Reason.TOO_SHORT),
        ("1234567890123456", Reason.TOO_LONG),
        ("33612345678 33687654321", Reason.TOO_LONG),
        ("0612345678", Reason.NATIONAL_FORMAT),
        ("(0)612345678", Reason.NATIONAL_FORMAT),
        ("+0612345678", Reason.NATIONAL_FORMAT),
    ],
)
def test_what_is_not_certain_is_refused_with_its_reason(text: str, reason: Reason) -> None:
    assert read(text) is reason


@pytest.mark.parametrize(
    ("text", "country", "found"),
    [
        ("06 12 34 56 78", "FR", 33612345678),
        ("(0)6 12 34 56 78", "FR", 33612345678),
        ("612345678", "FR", 33612345678),  # a spreadsheet took the 0
        ("33612345678", "FR", 33612345678),
        ("+41791234567", "FR", 41791234567),
        ("0041791234567", "FR", 41791234567),
        ("612 345 678", "ES", 34612345678),
        ("06 698 12345", "IT", 3906698_12345),  # Rome keeps its 0 abroad
        ("202-555-0123", "US", 12025550123),
        ("06 12", "FR", Reason.TOO_SHORT),
        ("0612345678999", "FR", Reason.TOO_LONG),
        ("06" * 40, "FR", Reason.TOO_LONG),
        ("+0612345678", "FR", Reason.NATIONAL_FORMAT),
    ],
)
def test_national_format_is_understood_where_the_country_is_set(
    text: str, country: str, found: int | Reason
) -> None:
    assert read(text, country) == found


def test_digits_valid_at_home_and_abroad_are_refused() -> None:
    # 03 76 31 23 45 is in France, once a spreadsheet took the 0; +376 312345 is in Andorra.
    assert read("376312345", "FR") is Reason.AMBIGUOUS
    assert read("+376312345", "FR") == read("376312345") == 376312345


def test_an_odd_row_does_not_move_the_others() -> None:
    numbers, bad = normalise(["33612345678", "x", "+33612345679", "33612345670"])
    assert numbers.tolist() == [33612345678, 0, 33612345679, 33612345670]
    assert bad == {1: Reason.NOT_A_NUMBER}


def test_an_empty_batch_is_none() -> None:
    assert normalise([])[0].tolist() == []


plain = st.integers(1, 10**17).map(str)
odd = st.text("0123456789+ .-()xé٣\u200b\u00a0'", max_size=18)


@given(raw=st.lists(plain | odd, max_size=20), country=st.sampled_from([None, "FR", "US"]))
def test_the_fast_path_reads_as_the_slow_one(raw: list[str], country: str | None) -> None:
    numbers, bad = normalise(raw, country)
    for at, text in enumerate(raw):
        assert read(text, country) == (bad.get(at) or numbers[at])
        assert (numbers[at] == 0) == (at in bad)
        assert numbers[at] == 0 or 10**6 <= numbers[at] < 10**15
    fast = _at_once(raw, country)
    assert fast is None or (fast == numbers and not bad)


@given(number=st.integers(10**6, 10**15 - 1))
def test_marks_between_digits_change_nothing(number: int) -> None:
    assert read(" ".join(str(number))) == read(f"+{number}") == read(f"00{number}") == number
