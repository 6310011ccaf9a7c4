"""A CSV's header: names, delimiters, and what is said of one that does not serve."""

from __future__ import annotations

import pytest

from smppcast.errors import FeedError
from smppcast.feed.layout import read_header


@pytest.mark.parametrize(
    ("header", "delimiter", "msisdn", "operator"),
    [
        ("msisdn", ",", 0, None),
        ("name;msisdn;operator", ";", 1, 2),
        ("MSISDN\tOperator", "\t", 0, 1),
        ('"msisdn", operator ', ",", 0, 1),
        ('"msisdn";"last, first"', ";", 0, None),
        ("a;b;c;d,msisdn", ",", 1, None),
    ],
)
def test_the_delimiter_is_the_one_that_finds_the_number(
    header: str, delimiter: str, msisdn: int, operator: int | None
) -> None:
    layout = read_header(header)
    assert (layout.delimiter, layout.msisdn, layout.operator) == (delimiter, msisdn, operator)


def test_a_feed_without_a_header_is_told_so_and_its_number_kept_back() -> None:
    with pytest.raises(FeedError, match="must be a header") as caught:
        read_header("33612345678;orange")
    assert "33612345678" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("phone,operator", "no column msisdn: its first line names phone, operator"),
        ("msisdn,MSISDN", "column msisdn twice"),
        ("msisdn,name,name", "column name twice"),
        ("msisdn,Name", "no column name, which the text needs"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(header: str, problem: str) -> None:
    with pytest.raises(FeedError, match=problem):
        read_header(header, {"name"})
