"""The CSV cutter, held to Python's csv module and to what broken feeds do."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.feed.batch import Batch
from smppcast.feed.csv_rows import MAX_LINES, CsvRows
from smppcast.feed.layout import read_header
from smppcast.feed.lines import MAX_ROW, Bites
from smppcast.feed.reasons import Reason
from tests.feed.batches import joined

HEADER = "msisdn,operator,name"


def cut(data: bytes, *, header: str = HEADER, block: int = 1 << 20) -> Batch:
    """All rows of `data`, which has no header, read in blocks of `block` octets, as one batch."""
    bites, rows = Bites(), CsvRows(read_header(header, {"name"} & set(header.split(","))), 2)
    batches = [
        rows.parse(bite) for at in range(0, len(data), block) for bite in bites.cut(data[at : at + block])
    ]
    batches += [rows.parse(bite) for bite in bites.end()]
    return joined([*batches, rows.end()])


lines = st.text('",\n3é x\u2028\x0b', max_size=6)
cells = lines | lines.map(lambda text: text.replace("\n", "\r\n"))


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=30),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 64),
)
def test_what_the_csv_module_writes_is_read_back_in_any_blocks(
    rows: list[tuple[str, str, str]], quoting: int, end: str, block: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]  # an int to the stubs
    read = cut(text.getvalue().encode(), block=block)

    expected = [tuple(cell.replace("\r\n", "\n") for cell in row) for row in rows]
    assert not read.bad
    assert list(zip(read.msisdns, read.operators or [], read.columns["name"], strict=True)) == expected


@given(
    data=st.binary(max_size=200) | st.text('",\n3a;', max_size=200).map(str.encode), block=st.integers(1, 50)
)
def test_no_bytes_raise_and_blocks_do_not_matter(data: bytes, block: int) -> None:
    whole = cut(b"33600000001,a,b\n" + data)
    assert cut(b"33600000001,a,b\n" + data, block=block) == whole
    assert len(whole.msisdns) == len(whole.lines) == len(whole.rows) == len(whole.operators or [])


def test_each_row_knows_its_line() -> None:
    read = cut(b'1,a,x\n\n2,b,"two\nlines"\n3,c,z\n')
    assert list(read.lines) == [2, 4, 6]
    assert read.rows[1] == '2,b,"two\nlines"'
    assert read.columns["name"] == ["x", "two\nlines", "z"]


def test_a_row_of_another_width_is_bad_and_alone() -> None:
    read = cut(b"1,a,x\n2,b\n3,c,z,\n4,d,y\n")
    assert read.bad == {1: Reason.WRONG_COLUMN_COUNT, 2: Reason.WRONG_COLUMN_COUNT}
    assert read.msisdns == ["1", "", "", "4"]


def test_widths_that_make_up_for_each_other_are_seen() -> None:
    assert list(cut(b"1,a\n2,b,x,y\n").bad) == [0, 1]
    assert list(cut(b"1,a,x,2\n3,b\n").bad) == [0, 1]


def test_octets_that_are_not_utf8_cost_their_row() -> None:
    read = cut("1,a,x\n2,b,é\n3,c,z\n".encode("latin-1") + "4,d,é\n".encode())
    assert read.bad == {1: Reason.BAD_ENCODING}
    assert read.rows[1] == r"2,b,\xe9"
    assert read.columns["name"] == ["x", "", "z", "é"]


def test_a_quote_that_never_closes_costs_its_line() -> None:
    rows = "".join(f"{n},a,x\n" for n in range(3 * MAX_LINES))
    read = cut(f'1,a,"x\n{rows}'.encode())
    assert read.bad == {0: Reason.BROKEN_ROW}
    assert len(read) == 3 * MAX_LINES + 1


def test_two_stray_quotes_do_not_swallow_the_rows_between() -> None:
    read = cut(b'1,a,"x\n2,b,x\n3,c,"x\n4,d,x\n')
    assert read.bad == {0: Reason.BROKEN_ROW, 2: Reason.BROKEN_ROW}


def test_a_quote_open_at_the_end_of_the_feed_is_bad() -> None:
    read = cut(b'1,a,x\n2,b,"x')
    assert read.bad == {1: Reason.BROKEN_ROW}


def test_an_endless_line_is_one_bad_row_of_bounded_size() -> None:
    data = b"1,a,x\n2," + b"y" * 3 * MAX_ROW + b",x\n3,c,x\n"
    read = cut(data)
    assert read.bad == {1: Reason.ROW_TOO_LONG}
    assert len(read.rows[1]) == MAX_ROW + 1
    assert cut(data, block=1000) == read


def test_a_line_as_long_as_may_be_is_read() -> None:
    data = b"1,a," + b"y" * (MAX_ROW - 4)
    for end in (b"", b"\n", b"\r\n"):
        assert not cut(data + end, block=1000).bad


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_single_column_needs_no_delimiter(end: bytes) -> None:
    read = cut(b"33612345678\n\n33612345679" + end, header="msisdn")
    assert read.msisdns == ["33612345678", "33612345679"]
    assert list(read.lines) == [2, 4]
