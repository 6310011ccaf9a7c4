"""The text of a receipt: keys wherever they are, values of any form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.receipts.fields import Fields, parse_any, parse_fields


@pytest.mark.parametrize("key", ["id", "ID", " id", "#id", "^id", "5id"])
def test_a_key_may_be_glued_to_what_is_no_letter(key: str) -> None:
    assert parse_fields(f"{key}:7 stat:X").id == "7"


@pytest.mark.parametrize("key", ["msgid", "i", "Void"])
def test_a_longer_word_is_no_key(key: str) -> None:
    assert parse_fields(f"{key}:7 stat:X").id == ""


def test_the_first_of_two_counts() -> None:
    assert parse_fields("id:1 id:2 stat:DELIVRD text:id:3 stat:EXPIRED").id == "1"
    assert parse_fields("id:1 stat:DELIVRD text:id:3 stat:EXPIRED").text == "id:3 stat:EXPIRED"


def test_fields_after_the_text_count_where_they_were_missing() -> None:
    fields = parse_fields("id:1 text:hello stat:DELIVRD err:5")
    assert (fields.stat, fields.err, fields.text) == ("DELIVRD", "5", "hello ")


@pytest.mark.parametrize(
    "text", ["submit_date:2601010000", "SubmitDate:2601010000", "SUBMIT DATE: 2601010000 "]
)
def test_spellings_of_a_date_key(text: str) -> None:
    assert parse_fields(text).submit_date == "2601010000"


@pytest.mark.parametrize(
    ("text", "stat"),
    [
        ("done date:2601010000 DELIVRD err:000", "DELIVRD"),
        ("done date:2601010000 SOMEWORD err:000", ""),
        ("stat:FAILED:Mob. Abst.|nt ext err:100", "FAILED"),
        ("stat: DELIVRD err:0", "DELIVRD"),
        ("stat: err:0", ""),
    ],
)
def test_stat(text: str, stat: str) -> None:
    assert parse_fields(text).stat == stat


def test_nothing_at_all() -> None:
    assert parse_fields("") == Fields()
    assert not Fields().shaped


TOKEN = st.text(st.characters(codec="latin-1"), max_size=8) | st.sampled_from(
    ("", "id:1", "stat:", "DELIVRD")
)


@given(st.lists(TOKEN, min_size=8, max_size=8))
def test_the_short_way_reads_as_the_long_one(tokens: list[str]) -> None:
    keys = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text")
    text = " ".join(f"{key}:{token}" for key, token in zip(keys, tokens, strict=True))
    assert parse_fields(text) == parse_any(text)
