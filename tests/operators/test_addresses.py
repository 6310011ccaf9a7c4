"""One number, many spellings."""

from __future__ import annotations

import pytest

from smppcast.operators.addresses import agrees, same_source, tail

NUMBER = 33_612_345_678


@pytest.mark.parametrize(
    "spelled", ["33612345678", "+33612345678", "0033612345678", "0612345678", "612345678"]
)
def test_spellings_of_one_number_agree(spelled: str) -> None:
    assert agrees(NUMBER, spelled)
    assert tail(spelled) == "2345678"


@pytest.mark.parametrize("other", ["", "GOUV", "345678", "33612345679", "133612345678x9"])
def test_others_do_not(other: str) -> None:
    assert not agrees(NUMBER, other)


def test_too_few_digits_have_no_tail() -> None:
    assert tail("123456") == tail("GOUV") == ""


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("GOUV", "gouv", True),
        ("GOUV", "GOUV2", False),
        ("", "anything", True),
        ("36111", "36111", True),
        ("36111", "361110", False),
        ("+33612345678", "0612345678", True),
        ("ALERT1234567", "1234567", False),
    ],
)
def test_a_source_is_compared_as_what_it_is(ours: str, theirs: str, *, same: bool) -> None:
    assert same_source(ours, theirs) is same
